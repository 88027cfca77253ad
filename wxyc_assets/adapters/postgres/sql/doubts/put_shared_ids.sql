-- Doubts identities with an id that other artists have, too: artists of other names (shared_id), or of the
-- same name, by which alone LML knows them (shared_name). Where an artist's own id in the Backend confirms
-- the identity, neither is doubted; for namesakes one such id is enough.
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
holder as materialized (
    select
        s.library_id,
        s.source,
        s.external_id,
        n.folded,
        lower(artist_own_id(
            s.source, a.discogs_artist_id, a.musicbrainz_artist_id, a.wikidata_qid,
            a.spotify_artist_id, a.apple_music_artist_id, a.bandcamp_id
        )) = lower(s.external_id) as is_confirmed
    from used u
    join library_identity_source s
        on s.source = u.source and s.external_id = u.external_id
    join library_identity i on i.library_id = s.library_id
    join library l on l.id = s.library_id
    join artists a on a.id = l.artist_id
    join name n on n.artist_id = l.artist_id
    where not (i.method = 'manual' and i.notes is distinct from %(mark)s)
),
of_other_names as materialized (
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
of_namesakes as materialized (
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
doubt as (
    select
        h.library_id,
        'shared_id' as reason,
        %(shared_id_severity)s as severity,
        string_agg(
            concat(
                'its ', source, ' artist ', external_id, ' is also that of "',
                case h.folded when o.first_name then o.last_name else o.first_name end, '"',
                case when o.artists > 2 then concat(' and ', o.artists - 2, ' more') end
            ),
            '; ' order by source
        ) as evidence
    from of_other_names o
    join holder h using (source, external_id)
    where h.is_confirmed is not true
    group by h.library_id
    union all
    select
        h.library_id,
        'shared_name',
        %(shared_name_severity)s,
        concat(
            max(n.artists), ' artists of this name share ',
            string_agg(concat(source, ' ', external_id), ', ' order by source),
            '; in the library they are the artists ', min(n.first_id), ' and ', max(n.last_id)
        )
    from of_namesakes n
    join holder h using (folded, source, external_id)
    group by h.library_id
    having bool_or(h.is_confirmed) is not true
)
insert into library_doubts
    (library_id, reason, severity, evidence, found_at, run_id)
select
    library_id,
    reason,
    severity,
    evidence,
    coalesce(%(now)s::timestamptz, now()),
    %(run_id)s
from doubt
on conflict (library_id, reason) do update set
    severity = excluded.severity,
    evidence = excluded.evidence,
    run_id = excluded.run_id
