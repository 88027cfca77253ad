-- Adds to each doubt how often its record was played.
update library_doubts d
set plays = played.plays
from (
    select d.library_id, d.reason, coalesce(p.plays, 0) as plays
    from library_doubts d
    left join album_plays p on p.album_id = d.library_id
) played
where played.library_id = d.library_id
and played.reason = d.reason
and d.plays is distinct from played.plays
