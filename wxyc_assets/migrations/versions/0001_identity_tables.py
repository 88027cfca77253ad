"""What is due, and what LML answered."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        create table library_candidate (
            library_id int primary key,
            cohort text not null check (cohort in ('va', 'non_va')),
            reason text not null
                check (reason in ('never_resolved', 'stale', 'retry_due', 'recheck')),
            artist_name text not null,
            album_title text not null,
            legacy_release_id int not null,
            due_at timestamptz not null,
            run_id text not null
        )
        """
    )
    op.execute(
        """
        create table lml_resolution (
            library_id int primary key,
            cohort text not null check (cohort in ('va', 'non_va')),
            artist_name text not null,
            kind text check (kind in ('single_artist', 'compilation', 'unresolved')),
            is_matched bool not null default false,
            null_confidences int not null default 0,
            answer jsonb,
            unstorable jsonb,
            is_poisoned bool not null default false,
            tracks_contract_version int,
            refusal text,
            answered_at timestamptz not null,
            applied_at timestamptz,
            write_error text,
            run_id text not null,
            check ((answer is null) = (kind is null)),
            check ((answer is null) <> (refusal is null))
        ) with (fillfactor = 70)
        """
    )
    op.execute(
        "comment on column lml_resolution.unstorable is "
        "'what JSONB cannot hold of the answer, escaped, by its place'"
    )
    op.execute(
        "comment on column lml_resolution.applied_at is "
        "'when the answer reached the Backend''s tables; an applied answer never serves again'"
    )


def downgrade() -> None:
    op.execute("drop table lml_resolution, library_candidate")
