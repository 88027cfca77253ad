-- Returns the processes that hold or wait for slots, this one included: how many they are, this
-- one's rank among them, whether others wait; and the time by the server's clock.
select
    count(distinct pid)::int + 1 as processes,
    count(distinct pid) filter (where pid < pg_backend_pid())::int as rank,
    coalesce(bool_or(objid = 0), false) as others_wait,
    extract(epoch from clock_timestamp())::float8 as clock
from pg_locks
where locktype = 'advisory'
and database = (select oid from pg_database where datname = current_database())
and classid = %(budget)s::int::oid
and objsubid = 2
and pid <> pg_backend_pid()
