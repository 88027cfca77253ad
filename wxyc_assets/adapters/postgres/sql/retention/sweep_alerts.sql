-- Deletes the alerts that were delivered before a moment, except the newest of each subject, which says
-- whether it is still in trouble; returns their number.
with newest as (
    select subject, max(occurred_at) as occurred_at
    from alert_outbox
    group by subject
),
gone as (
    delete from alert_outbox a
    using newest n
    where n.subject = a.subject
    and a.occurred_at < n.occurred_at
    and a.delivered_at < coalesce(%(now)s::timestamptz, now()) - %(window)s
    returning 1
)
select count(*) as swept
from gone
