update alert_outbox
set last_error = %(error)s,
    next_attempt_at = coalesce(%(not_before)s, next_attempt_at)
where event_id = %(event_id)s and receiver = %(receiver)s and delivered_at is null
