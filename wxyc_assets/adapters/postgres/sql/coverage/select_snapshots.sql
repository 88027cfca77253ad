-- The newest snapshots, the totals only; those of a run before the others.
select *
from coverage_snapshot
where dimension = 'all'
order by run_id = %(run_id)s desc, taken_at desc
limit %(most)s
