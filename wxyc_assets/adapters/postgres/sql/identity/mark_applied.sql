-- Dates the stored answers of a batch as applied, by this version of the rules.
-- Marks those that a person rejected in full.
update lml_resolution
set
    applied_at = coalesce(%(now)s::timestamptz, now()),
    rules_version = %(rules_version)s,
    write_error = null,
    is_rejected = library_id = any(%(rejected_ids)s)
where library_id = any(%(library_ids)s)
