-- Claims alerts that are due: dates their next attempt, and returns them; at most `at_most`, the oldest first.
with moment as (
    select coalesce(%(now)s::timestamptz, now()) as now
),
claimed as (
    select event_id, receiver, moment.now
    from alert_outbox
    cross join moment
    where delivered_at is null
        and next_attempt_at <= moment.now
        and receiver = any(%(channels)s)
    order by occurred_at
    limit %(at_most)s
    for update of alert_outbox skip locked
)
update alert_outbox
set attempts = attempts + 1,
    next_attempt_at = claimed.now + least(%(first_wait)s * 2 ^ least(attempts, 20), %(longest_wait)s)
from claimed
where alert_outbox.event_id = claimed.event_id and alert_outbox.receiver = claimed.receiver
returning alert_outbox.event_id, alert_outbox.receiver, payload, occurred_at
