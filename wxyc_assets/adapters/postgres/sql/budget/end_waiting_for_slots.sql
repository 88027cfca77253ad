select pg_advisory_unlock_shared(%(budget)s, objid::bigint::int)
from pg_locks
where locktype = 'advisory'
and database = (select oid from pg_database where datname = current_database())
and classid = %(budget)s::int::oid
and objid > 1000
and objsubid = 2
and pid = pg_backend_pid()
