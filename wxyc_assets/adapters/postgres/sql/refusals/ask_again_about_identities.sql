-- Has LML asked again about the identities of these records, whether they are due or not.
update lml_resolution
set ask_again_at = now()
where library_id = any(%(library_ids)s)
and ask_again_at is null
