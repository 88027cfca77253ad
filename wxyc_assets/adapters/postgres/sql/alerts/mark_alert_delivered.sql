-- Marks one alert as delivered.
update alert_outbox
set delivered_at = coalesce(%(now)s::timestamptz, now()), last_error = null
where event_id = %(event_id)s and receiver = %(receiver)s and delivered_at is null
