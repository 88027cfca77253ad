-- Doubts identities with another id than the artist's own in the Backend.
insert into library_doubts
    (library_id, reason, severity, evidence, found_at, run_id)
select
    s.library_id,
    'other_own_id',
    %(other_own_id_severity)s,
    string_agg(
        concat(
            'its ', s.source, ' artist is ', s.external_id, ', the artist''s own is ', own.id
        ),
        '; ' order by s.source
    ),
    coalesce(%(now)s::timestamptz, now()),
    %(run_id)s
from library_identity_source s
join library_identity i on i.library_id = s.library_id
join library l on l.id = s.library_id
join artists a on a.id = l.artist_id
cross join lateral artist_own_id(
    s.source, a.discogs_artist_id, a.musicbrainz_artist_id, a.wikidata_qid, a.spotify_artist_id,
    a.apple_music_artist_id, a.bandcamp_id
) own (id)
where own.id is not null
and lower(own.id) <> lower(s.external_id)
and not (i.method = 'manual' and i.notes is distinct from %(mark)s)
group by s.library_id
on conflict (library_id, reason) do update set
    severity = excluded.severity,
    evidence = excluded.evidence,
    run_id = excluded.run_id
