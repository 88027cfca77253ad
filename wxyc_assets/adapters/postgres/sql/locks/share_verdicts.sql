-- Waits while verdicts are taken in, and keeps others from being so until the transaction ends.
select pg_advisory_xact_lock_shared(%(lock)s)
