-- Returns the candidates of a range that no stored answer serves. An answer that is not applied
-- yet serves its candidate; an applied one never serves again.
select c.library_id, c.artist_name, c.album_title, c.legacy_release_id, c.cohort
from library_candidate c
join library l on l.id = c.library_id and l.artist_name = c.artist_name
left join lml_resolution r on r.library_id = c.library_id and r.artist_name = c.artist_name
where c.library_id between %(first)s and %(last)s
and (
    r.library_id is null
    or r.applied_at <= c.due_at
    or r.ask_again_at is not null
    or (r.write_error is not null and r.answered_at <= coalesce(%(now)s::timestamptz, now()) - %(retry_window)s)
)
order by c.library_id
