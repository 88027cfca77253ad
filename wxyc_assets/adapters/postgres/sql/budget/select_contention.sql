-- Returns how many processes hold or wait for slots, this one included, and whether others wait.
select
    count(distinct pid)::int + 1 as processes,
    coalesce(bool_or(objid = 0), false) as others_wait
from pg_locks
where locktype = 'advisory'
and database = (select oid from pg_database where datname = current_database())
and classid = %(budget)s::int::oid
and objsubid = 2
and pid <> pg_backend_pid()
