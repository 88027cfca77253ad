-- Returns whether a reservation may be spent: there is room for it beside all earlier ones and what
-- was spent within the last minute. No row if it has expired, as one does that is not asked about.
with earlier as (
    select coalesce(sum(requests), 0) as requests
    from lml_spending
    where number < %(number)s and expires_at > clock_timestamp()
)
update lml_spending spending
set expires_at = clock_timestamp() + case
    when earlier.requests + spending.requests <= %(per_minute)s
    then make_interval(secs => %(seconds)s + 60)
    else interval '10 seconds'
end
from earlier
where spending.number = %(number)s
returning earlier.requests + spending.requests <= %(per_minute)s as is_due
