"""The one trial of LML's circuit breaker over all processes."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("alter table lml_budget add column trial_at timestamptz")
    op.execute(
        "comment on column lml_budget.trial_at is "
        "'when a process last claimed the trial call while the breaker of LML was open'"
    )


def downgrade() -> None:
    op.execute("alter table lml_budget drop column trial_at")
