with budget as materialized (
    select pid, objid::bigint as number, pid = pg_backend_pid() as is_ours
    from pg_locks
    where locktype = 'advisory'
    and database = (select oid from pg_database where datname = current_database())
    and classid = %(budget)s::int::oid
    and objsubid = 2
),
waiting as (
    select pid, number, is_ours
    from budget
    where number > 1000
)
select
    (select count(distinct pid) from budget where not is_ours)::int + 1 as present,
    (select count(*) from waiting where not is_ours) > 0 as others_wait,
    (
        select count(*)
        from waiting
        where not is_ours
        and (number, pid) < (
            coalesce((select number from waiting where is_ours), 3000000000),
            pg_backend_pid()
        )
    )::int as waiting_longer,
    %(slots)s::int - (
        select count(*) from budget where number between 1 and %(slots)s
    )::int as free
