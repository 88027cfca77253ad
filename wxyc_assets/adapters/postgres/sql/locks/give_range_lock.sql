-- Releases the lock on a range.
select pg_advisory_unlock(%(family)s, %(first)s)
