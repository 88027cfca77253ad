-- Marks the stored answers of a batch that a person rejected in full, and only those.
update lml_resolution
set is_rejected = library_id = any(%(rejected_ids)s)
where library_id = any(%(library_ids)s)
and is_rejected <> (library_id = any(%(rejected_ids)s))
