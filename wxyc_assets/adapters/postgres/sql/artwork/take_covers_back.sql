-- Takes the covers of a batch out of the library if they are still the ones that we wrote, with an entry
-- in the journal for each.
with taken as (
    update library l
    set artwork_url = null
    from artwork_lookup k
    where l.id = any(%(library_ids)s)
    and k.library_id = l.id
    and l.artwork_url = k.url
    and k.applied_at is not null
    and not k.is_raced
    returning l.id as library_id, k.looked_up_at, k.url, l.artwork_url
)
insert into library_journal (library_id, subject, run_id, changed_at, decided_at, before, after)
select
    library_id,
    'cover',
    %(run_id)s,
    coalesce(%(now)s::timestamptz, now()),
    looked_up_at,
    to_jsonb(url),
    value_fingerprint(artwork_url)
from taken
order by library_id
