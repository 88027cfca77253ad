-- Takes the lock on a range; waits while another session holds it.
select pg_advisory_lock(%(family)s, %(first)s)
