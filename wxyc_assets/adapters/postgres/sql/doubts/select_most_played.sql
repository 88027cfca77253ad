-- Returns the doubts of the doubtful records that are played most.
with record as (
    select library_id, max(plays) as plays
    from library_doubts
    group by library_id
    order by max(plays) desc nulls last, library_id
    limit %(limit)s
)
select
    d.library_id,
    coalesce(l.artist_name, a.artist_name) as artist_name,
    l.album_title,
    d.reason,
    d.severity,
    d.evidence,
    d.plays
from record
join library_doubts d on d.library_id = record.library_id
join library l on l.id = d.library_id
join artists a on a.id = l.artist_id
order by record.plays desc nulls last, d.library_id, d.reason
