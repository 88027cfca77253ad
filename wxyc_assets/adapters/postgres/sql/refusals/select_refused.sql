-- Returns the answers and covers that could not be written, and the records that LML refused.
select
    r.library_id,
    'identity' as subject,
    r.artist_name,
    l.album_title,
    r.refusal is not null as is_by_lml,
    coalesce(r.refusal, r.write_error) as reason,
    r.answered_at as since,
    r.ask_again_at
from lml_resolution r
join library l on l.id = r.library_id and l.artist_name = r.artist_name
where r.refusal is not null
or (r.write_error is not null and r.applied_at is null)
union all
select
    k.library_id,
    'cover',
    k.artist_name,
    k.album_title,
    k.refusal is not null,
    coalesce(k.refusal, k.write_error),
    k.looked_up_at,
    k.ask_again_at
from artwork_lookup k
join library l on l.id = k.library_id and l.artwork_url is null
where k.refusal is not null
or (k.write_error is not null and k.applied_at is null)
order by library_id, subject
