-- Has LML asked again about the covers of these records, whether they are due or not.
update artwork_lookup
set ask_again_at = now()
where library_id = any(%(library_ids)s)
and ask_again_at is null
