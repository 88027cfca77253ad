-- Returns the slices of some snapshots, in the order in which people read them.
select *
from coverage_snapshot
where run_id = any(%(run_ids)s)
order by
    dimension,
    case when dimension = 'genre' then member::int end,
    member
