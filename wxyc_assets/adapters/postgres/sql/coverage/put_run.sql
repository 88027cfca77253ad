-- Records the rules of a run; a second step of the same run changes nothing.
insert into library_run (pipeline, run_id, started_at, is_whole, ranges, rules)
values (
    %(pipeline)s, %(run_id)s, coalesce(%(now)s::timestamptz, now()), %(is_whole)s, %(ranges)s,
    %(rules)s
)
on conflict (pipeline, run_id) do nothing
