-- Replaces a reservation by what the call has cost (null: by itself), which counts as spent for a
-- minute, or for as many as it is worth. What LML's cache answered tells nothing about prices.
with settled as (
    update lml_spending
    set requests = cost.requests, expires_at = clock_timestamp() + make_interval(
        secs => case when cost.requests > 0 then 60 else 0 end
            * greatest(cost.requests / %(per_minute)s, 1)
    )
    from (
        select coalesce(%(cost)s::float8, requests) as requests
        from lml_spending where number = %(number)s
    ) cost
    where number = %(number)s
)
insert into lml_price (kind, recent)
select %(kind)s, array_fill(%(guess)s::float8, array[20]) || %(cost)s::float8 / %(units)s
where %(cost)s::float8 > 0
on conflict (kind) do update
set recent = (array[%(cost)s::float8 / %(units)s] || lml_price.recent)[1:100]
