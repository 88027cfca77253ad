-- Dates the stored answers of a batch as applied, by this version of the rules.
update lml_resolution
set
    applied_at = coalesce(%(now)s::timestamptz, now()),
    rules_version = %(rules_version)s,
    write_error = null
where library_id = any(%(library_ids)s)
