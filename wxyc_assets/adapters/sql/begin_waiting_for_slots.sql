-- Slot 0 is the waiting room: everyone in it shares the lock, and nobody takes it alone.
select pg_advisory_lock_shared(%(budget)s, 0)
