-- Writes the stored covers of a batch to the records that still have none, with an entry in the
-- journal for each, and returns those.
with written as (
    update library l
    set artwork_url = k.url
    from artwork_lookup k
    where k.library_id = l.id
    and l.id = any(%(library_ids)s)
    and l.artwork_url is null
    returning l.id as library_id, k.looked_up_at, l.artwork_url
)
insert into library_journal (library_id, subject, run_id, changed_at, decided_at, after)
select
    library_id,
    'cover',
    %(run_id)s,
    coalesce(%(now)s::timestamptz, now()),
    looked_up_at,
    value_fingerprint(artwork_url)
from written
returning library_id
