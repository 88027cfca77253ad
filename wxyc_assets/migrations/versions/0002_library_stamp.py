"""The one column that we need on a table of the Backend: the date of an attempt."""

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"

LOCK_TIMEOUT = "5s"  # DJs search this table all day: rather fail than make them queue


def upgrade() -> None:
    # "add column if not exists" fails for a role that does not own the table, column or not.
    there = op.get_bind().execute(
        text(
            "select 1 from pg_attribute where attrelid = 'library'::regclass "
            "and attname = 'unresolved_attempted_at' and not attisdropped"
        )
    )
    if there.first() is None:
        op.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
        op.execute("alter table library add column unresolved_attempted_at timestamptz")


def downgrade() -> None:
    """The column stays: the Backend reads it too."""
