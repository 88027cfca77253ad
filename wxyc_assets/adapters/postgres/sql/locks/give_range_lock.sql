select pg_advisory_unlock(%(family)s, %(first)s)
