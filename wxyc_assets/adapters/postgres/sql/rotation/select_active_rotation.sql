-- Returns the releases in rotation today.
select
    id as rotation_id,
    artist_name,
    album_title,
    lml_identity_id as identity_id,
    discogs_release_id is not null as is_resolvable
from rotation
where kill_date is null
or kill_date > coalesce((%(now)s::timestamptz)::date, current_date)
order by id
