-- Returns the ranges that some runs were asked for, per pipeline.
select pipeline, array_agg(distinct key order by key) as keys
from library_run, unnest(ranges) key
where run_id = any(%(run_ids)s)
group by pipeline
