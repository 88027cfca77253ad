-- Claims the trial of LML's circuit breaker; returns a row if nobody claimed it so shortly ago.
update lml_budget set trial_at = clock_timestamp()
where id = 1
and coalesce(trial_at < clock_timestamp() - make_interval(secs => %(seconds)s), true)
returning trial_at
