"""One row a cache refresh, and the bucket of tokens that all processes share."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        """
        create table rotation_refresh (
            run_id text primary key,
            started_at timestamptz not null,
            finished_at timestamptz,
            failure text,
            batch_size int not null,
            batches int not null,
            calls int not null,
            identities_scanned int not null,
            identities_resolved int not null,
            warmed_releases int not null,
            warmed_artists int not null,
            not_found int not null,
            not_implemented int not null,
            lml_error int not null,
            drift jsonb not null,
            check (identities_scanned = identities_resolved + lml_error)
        )
        """
    )
    op.execute("create index rotation_refresh_started_at on rotation_refresh (started_at)")
    op.execute(
        "comment on column rotation_refresh.finished_at is "
        "'null while it runs, and for ever when its process was killed'"
    )
    op.execute(
        "comment on column rotation_refresh.drift is "
        "'what LML answered outside its contract, and how often'"
    )
    op.execute(
        """
        create table lml_budget (
            id int primary key check (id = 1),
            debt float8 not null,
            settled_at timestamptz not null
        )
        """
    )
    op.execute("insert into lml_budget values (1, 0, now())")
    op.execute(
        "comment on table lml_budget is "
        "'one bucket: tokens drawn and not yet drained at the rate, as of settled_at'"
    )


def downgrade() -> None:
    op.execute("drop table rotation_refresh, lml_budget")
