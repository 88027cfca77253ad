-- Doubts identities with an id that artists of other names have, too. What an artist's own id in the
-- Backend confirms is not doubted.
with used as materialized (
    select s.source, s.external_id
    from library_identity_source s
    join library l on l.id = s.library_id
    group by s.source, s.external_id
    having min(l.artist_id) <> max(l.artist_id)
),
claim as materialized (
    select l.artist_id, s.source, s.external_id
    from used u
    join library_identity_source s
        on s.source = u.source and s.external_id = u.external_id
    join library l on l.id = s.library_id
    group by l.artist_id, s.source, s.external_id
),
name as materialized (
    select a.id as artist_id, fold_artist_name(a.artist_name) collate "C" as folded
    from artists a
    where a.id in (select artist_id from claim)
),
shared as materialized (
    select
        c.source,
        c.external_id,
        min(n.folded) as first_name,
        max(n.folded) as last_name,
        count(*) as artists
    from claim c
    join name n on n.artist_id = c.artist_id
    group by c.source, c.external_id
    having min(n.folded) <> max(n.folded)
),
doubtful as (
    select
        s.library_id,
        s.source,
        s.external_id,
        shared.artists,
        case n.folded when shared.first_name then shared.last_name else shared.first_name end
            as other_name
    from shared
    join library_identity_source s
        on s.source = shared.source and s.external_id = shared.external_id
    join library_identity i on i.library_id = s.library_id
    join library l on l.id = s.library_id
    join artists a on a.id = l.artist_id
    join name n on n.artist_id = l.artist_id
    where not (i.method = 'manual' and i.notes is distinct from %(mark)s)
    and lower(artist_own_id(
        s.source, a.discogs_artist_id, a.musicbrainz_artist_id, a.wikidata_qid,
        a.spotify_artist_id, a.apple_music_artist_id, a.bandcamp_id
    )) is distinct from lower(s.external_id)
)
insert into library_doubts
    (library_id, reason, severity, evidence, found_at, run_id)
select
    library_id,
    'shared_id',
    %(severity)s,
    string_agg(
        concat(
            'its ', source, ' artist ', external_id, ' is also that of "', other_name, '"',
            case when artists > 2 then concat(' and ', artists - 2, ' more') end
        ),
        '; ' order by source
    ),
    coalesce(%(now)s::timestamptz, now()),
    %(run_id)s
from doubtful
group by library_id
on conflict (library_id, reason) do update set
    severity = excluded.severity,
    evidence = excluded.evidence,
    run_id = excluded.run_id
