-- Doubts identities of several artists of one folded name that share an id: LML knows names alone.
-- Which of them it is, an own id in the Backend says, if there is one.
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
        n.folded,
        c.source,
        c.external_id,
        count(*) as artists,
        min(c.artist_id) as first_id,
        max(c.artist_id) as last_id
    from claim c
    join name n on n.artist_id = c.artist_id
    group by n.folded, c.source, c.external_id
    having count(*) > 1
),
doubtful as (
    select
        s.library_id,
        s.source,
        s.external_id,
        shared.artists,
        shared.first_id,
        shared.last_id,
        lower(artist_own_id(
            s.source, a.discogs_artist_id, a.musicbrainz_artist_id, a.wikidata_qid,
            a.spotify_artist_id, a.apple_music_artist_id, a.bandcamp_id
        )) = lower(s.external_id) as is_confirmed
    from shared
    join library_identity_source s
        on s.source = shared.source and s.external_id = shared.external_id
    join library_identity i on i.library_id = s.library_id
    join library l on l.id = s.library_id
    join artists a on a.id = l.artist_id
    join name n on n.artist_id = l.artist_id and n.folded = shared.folded
    where not (i.method = 'manual' and i.notes is distinct from %(mark)s)
)
insert into library_doubts
    (library_id, reason, severity, evidence, found_at, run_id)
select
    library_id,
    'shared_name',
    %(severity)s,
    concat(
        max(artists), ' artists of this name share ',
        string_agg(concat(source, ' ', external_id), ', ' order by source),
        '; in the library they are the artists ', min(first_id), ' and ', max(last_id)
    ),
    coalesce(%(now)s::timestamptz, now()),
    %(run_id)s
from doubtful
group by library_id
having bool_or(is_confirmed) is not true
on conflict (library_id, reason) do update set
    severity = excluded.severity,
    evidence = excluded.evidence,
    run_id = excluded.run_id
