-- Returns the totals of the newest snapshots, the one of a given run first.
select *
from coverage_snapshot
where dimension = 'all'
order by run_id = %(run_id)s desc, taken_at desc
limit %(limit)s
