-- Returns the subjects whose newest alert is not a recovery, and when that alert occurred.
select subject, occurred_at
from (
    select distinct on (subject) subject, occurred_at, is_recovery
    from alert_outbox
    order by subject, occurred_at desc, is_recovery
) as newest
where not is_recovery
