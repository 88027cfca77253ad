-- Dates ranges as completed by a run.
insert into library_range_run (pipeline, first_id, last_id, run_id, is_wide, completed_at)
select
    %(pipeline)s, first_id, last_id, %(run_id)s, %(is_wide)s, coalesce(%(now)s::timestamptz, now())
from unnest(%(firsts)s::int[], %(lasts)s::int[]) as r (first_id, last_id)
on conflict (pipeline, first_id, last_id, is_wide) do update set
    run_id = excluded.run_id,
    completed_at = excluded.completed_at
