-- Returns a run's refresh or, if it made none, the newest one.
select run_id, failure, finished_at is not null as is_finished, identities_scanned, lml_error
from rotation_refresh
order by run_id = %(run_id)s desc, started_at desc
limit 1
