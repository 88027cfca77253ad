-- The waiting room: a lock of one's own above the slots, numbered by the time one came (in 10 ms,
-- starting anew after eight months), so that who came first can be seen in pg_locks.
select pg_try_advisory_lock_shared(
    %(budget)s,
    (1000 + (extract(epoch from clock_timestamp()) * 100)::bigint %% 2000000000)::int
)
