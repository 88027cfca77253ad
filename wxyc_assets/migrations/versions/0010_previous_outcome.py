"""The result of the lookup before, so that a run can be judged by its first lookups."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("alter table artwork_lookup add column previous_outcome text")
    op.execute(
        "comment on column artwork_lookup.previous_outcome is "
        "'the outcome of the lookup by an earlier run; null for the first'"
    )


def downgrade() -> None:
    op.execute("alter table artwork_lookup drop column previous_outcome")
