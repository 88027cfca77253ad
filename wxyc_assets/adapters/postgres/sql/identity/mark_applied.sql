-- Dates the stored answers of a batch as applied.
update lml_resolution
set applied_at = coalesce(%(now)s::timestamptz, now()), write_error = null
where library_id = any(%(library_ids)s)
