-- Waits for the lock on a range, and holds it until the transaction ends.
select pg_advisory_xact_lock(%(family)s, %(first)s)
