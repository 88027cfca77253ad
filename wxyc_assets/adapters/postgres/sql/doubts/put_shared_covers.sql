-- Doubts covers that are on different albums.
with shown as materialized (
    select
        l.id,
        l.artwork_url,
        fold_artist_name(coalesce(l.artist_name, a.artist_name)) collate "C"
            || E'\n'
            || fold_artist_name(l.album_title) collate "C" as album
    from library l
    join artists a on a.id = l.artist_id
    where l.artwork_url is not null
),
shared as materialized (
    select artwork_url, min(album) as first_album, max(album) as last_album, count(*) as records
    from shown
    group by artwork_url
    having min(album) <> max(album)
)
insert into library_doubts
    (library_id, reason, severity, evidence, found_at, run_id)
select
    s.id,
    'shared_cover',
    %(shared_cover_severity)s,
    concat(
        'its cover is also on "',
        replace(
            case s.album when shared.first_album then shared.last_album else shared.first_album end,
            E'\n',
            ' - '
        ),
        '"',
        case when shared.records > 2 then concat(', of ', shared.records, ' records with it') end
    ),
    coalesce(%(now)s::timestamptz, now()),
    %(run_id)s
from shared
join shown s on s.artwork_url = shared.artwork_url
on conflict (library_id, reason) do update set
    severity = excluded.severity,
    evidence = excluded.evidence,
    run_id = excluded.run_id
