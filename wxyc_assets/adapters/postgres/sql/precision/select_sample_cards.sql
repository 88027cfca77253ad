-- Returns the units of a sample in an order that tells nothing of their strata, as the labeller sees
-- them.
select
    u.library_id,
    u.legacy_release_id,
    coalesce(l.artist_name, a.artist_name) as artist_name,
    l.album_title,
    u.subject,
    u.topics,
    u.shown_values
from precision_unit u
join library l on l.legacy_release_id = u.legacy_release_id
join artists a on a.id = l.artist_id
where u.sample_id = %(sample_id)s
order by u.subject desc, md5(u.sample_id || ':' || u.legacy_release_id)
