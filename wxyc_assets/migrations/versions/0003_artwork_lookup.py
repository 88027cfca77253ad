"""What LML found when it was asked for a cover."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        create table artwork_lookup (
            library_id int primary key,
            outcome text not null check (outcome in (
                'cover', 'unknown', 'not_direct', 'no_row', 'several_rows', 'no_artwork',
                'streaming_only', 'below_floor', 'name_mismatch', 'not_https', 'placeholder',
                'not_a_cover', 'too_long', 'lml_refused'
            )),
            url text,
            confidence float8,
            match text not null check (match in ('careful', 'first')),
            artist_name text not null,
            album_title text not null,
            legacy_release_id int not null,
            looked_up_at timestamptz not null,
            applied_at timestamptz,
            is_raced bool not null default false,
            refusal text,
            write_error text,
            run_id text not null,
            check (outcome = 'cover' or applied_at is null),
            check ((outcome = 'lml_refused') = (refusal is not null))
        ) with (fillfactor = 70)
        """
    )
    comments = {
        "outcome": "the cover, or the first rule that stood against one; "
        "an unknown is no answer, and is asked again",
        "url": "the address of the cover",
        "applied_at": "when the cover reached library.artwork_url, or was found raced",
        "is_raced": "somebody else had filled library.artwork_url meanwhile",
        "refusal": "why LML would not look at this row",
    }
    for column, comment in comments.items():
        op.execute(f"comment on column artwork_lookup.{column} is '{comment}'")


def downgrade() -> None:
    op.execute("drop table artwork_lookup")
