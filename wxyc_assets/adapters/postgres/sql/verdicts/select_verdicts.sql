-- Returns every verdict, in the order in which they were decided; each record by its id of today.
select
    coalesce(l.id, v.library_id) as library_id,
    v.legacy_release_id,
    v.topic,
    v.value,
    v.decision,
    v.decided_by,
    v.decided_at,
    v.note,
    v.sample_id
from verdict v
left join library l on l.legacy_release_id = v.legacy_release_id
order by v.decided_at, v.verdict_id
