-- Queues alerts that are not queued yet, and returns the new ones.
insert into alert_outbox (event_id, receiver, subject, is_recovery, occurred_at, payload)
select event_id, receiver, subject, is_recovery, occurred_at, payload
from jsonb_to_recordset(%(alerts)s) as alert (
    event_id text,
    receiver text,
    subject text,
    is_recovery bool,
    occurred_at timestamptz,
    payload jsonb
)
on conflict do nothing
returning event_id
