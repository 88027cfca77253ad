select
    count(distinct pid) as present,
    coalesce(bool_or(objid = 0 and pid <> pg_backend_pid()), false) as others_wait
from pg_locks
where locktype = 'advisory'
and database = (select oid from pg_database where datname = current_database())
and classid = %(budget)s::int::oid
and objsubid = 2
