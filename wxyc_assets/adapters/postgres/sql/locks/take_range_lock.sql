-- Waits for the lock on a range, and holds it until it is released or the session ends.
select pg_advisory_lock(%(family)s, %(first)s)
