select pg_advisory_unlock_shared(%(budget)s, 0)
