-- Accepts a snapshot as a baseline, once; returns its run.
insert into coverage_acceptance (run_id, taken_at, accepted_at, accepted_by, why)
select run_id, taken_at, coalesce(%(now)s::timestamptz, now()), %(accepted_by)s, %(why)s
from coverage_snapshot
where run_id = %(run_id)s
and dimension = 'all'
on conflict (run_id) do nothing
returning run_id
