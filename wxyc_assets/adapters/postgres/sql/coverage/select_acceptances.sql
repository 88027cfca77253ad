-- Returns acceptances with the totals of their snapshots, the newest first; without a snapshot, only
-- the acceptance.
select
    a.run_id as accepted_run_id,
    a.taken_at as accepted_taken_at,
    a.accepted_at,
    a.accepted_by,
    a.why,
    s.*
from coverage_acceptance a
left join coverage_snapshot s on s.run_id = a.run_id and s.dimension = 'all'
order by a.taken_at desc, a.accepted_at desc
limit %(limit)s
