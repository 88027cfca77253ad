-- Writes the releases of a batch to identities that still have none; returns their records.
with filled as (
    update library_identity i
    set discogs_release_id = r.release_id
    from library_release r
    where i.library_id = any(%(library_ids)s)
    and r.library_id = i.library_id
    and i.discogs_release_id is null
    and not (i.method = 'manual' and i.notes is distinct from %(mark)s)
    returning i.library_id, i.discogs_release_id is not null as is_written
),
dated as (
    update library_release r
    set
        written_at = coalesce(%(now)s::timestamptz, now()),
        written_by = %(run_id)s
    from filled f
    where r.library_id = f.library_id
)
select library_id, is_written
from filled
