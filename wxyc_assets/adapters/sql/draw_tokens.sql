-- The debt drains at the rate; what is drawn may be spent when it has drained to nothing.
update lml_budget
set
    debt = greatest(
        debt - extract(epoch from clock_timestamp() - settled_at)::float8 * %(per_second)s,
        -%(burst)s::float8
    ) + %(tokens)s,
    settled_at = clock_timestamp()
where id = 1
returning greatest(debt, 0) / %(per_second)s as wait_seconds
