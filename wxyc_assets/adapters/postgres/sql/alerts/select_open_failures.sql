-- Returns the failing subjects: when the newest failure occurred, and since when they have failed.
with recovery as (
    select subject, max(occurred_at) filter (where is_recovery) as last_recovery
    from alert_outbox
    group by subject
)
select
    o.subject,
    min(o.occurred_at) as since,
    max(o.occurred_at) as last
from alert_outbox o
join recovery r using (subject)
where not o.is_recovery
and (r.last_recovery is null or o.occurred_at >= r.last_recovery)
group by o.subject
