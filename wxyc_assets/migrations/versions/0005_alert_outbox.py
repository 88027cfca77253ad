"""Alerts on their way to people."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        """
        create table alert_outbox (
            event_id text not null,
            receiver text not null,
            subject text not null,
            is_recovery bool not null,
            occurred_at timestamptz not null,
            payload jsonb not null,
            queued_at timestamptz not null default now(),
            attempts int not null default 0,
            next_attempt_at timestamptz not null default now(),
            last_error text,
            delivered_at timestamptz,
            primary key (event_id, receiver)
        )
        """
    )
    op.execute(
        "create index alert_outbox_undelivered on alert_outbox (next_attempt_at) "
        "where delivered_at is null"
    )
    op.execute("create index alert_outbox_newest on alert_outbox (subject, occurred_at desc)")
    comments = {
        "event_id": "made from what happened, so that the same event has the same one",
        "receiver": "sentry, or webhook; each is delivered to on its own",
        "subject": "the check or job that is in trouble, or is well again",
        "payload": "what is sent, in the receiver''s form, without secrets",
        "next_attempt_at": "who claims a row moves it on, so that nobody else sends it meanwhile",
    }
    for column, comment in comments.items():
        op.execute(f"comment on column alert_outbox.{column} is '{comment}'")


def downgrade() -> None:
    op.execute("drop table alert_outbox")
