-- Notes why one alert could not be delivered, and, where given, how long to wait.
update alert_outbox
set last_error = %(error)s,
    next_attempt_at = coalesce(
        coalesce(%(now)s::timestamptz, now()) + %(wait)s::interval, next_attempt_at
    )
where event_id = %(event_id)s and receiver = %(receiver)s and delivered_at is null
