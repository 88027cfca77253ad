-- Queues a reservation and returns its number (migration 0012 defines the function).
select reserve_requests(%(kind)s, %(units)s, %(guess)s, %(per_minute)s) as number
