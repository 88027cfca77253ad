-- Returns the records that are doubted, with every reason, the most played first.
select
    d.library_id,
    l.artist_name,
    l.album_title,
    g.genre_name,
    d.reason,
    d.severity,
    d.evidence,
    d.plays
from library_doubts d
join library l on l.id = d.library_id
join genres g on g.id = l.genre_id
order by d.plays desc nulls last, d.library_id, d.reason
