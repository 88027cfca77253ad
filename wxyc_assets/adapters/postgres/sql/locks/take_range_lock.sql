select pg_advisory_lock(%(family)s, %(first)s)
