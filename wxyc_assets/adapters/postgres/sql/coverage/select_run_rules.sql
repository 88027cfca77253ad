-- Returns the rules of one run per pipeline: of one of the given runs, else of the newest that was asked
-- for the whole library, else of the newest.
select distinct on (pipeline) pipeline, rules
from library_run
order by pipeline, run_id = any(%(run_ids)s) desc, is_whole desc, started_at desc
