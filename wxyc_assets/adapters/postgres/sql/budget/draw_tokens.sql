-- Adds tokens to the debt, which drains at the rate, and returns in how many seconds they may be
-- spent: when the debt before them has drained, so that at most one draw runs ahead of the rate.
update lml_budget
set
    debt = greatest(
        debt - extract(epoch from clock_timestamp() - settled_at)::float8 * %(per_second)s, 0
    ) + %(tokens)s,
    settled_at = clock_timestamp()
where id = 1
returning greatest(debt - %(tokens)s, 0) / %(per_second)s as wait_seconds
