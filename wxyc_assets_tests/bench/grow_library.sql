-- Adds one copy of the records up to 100,000 with all that is stored about them: ids, names and covers of
-- its own, so that nothing is shared among copies.
with moved as (
    select %(number)s * 100000 as ids, %(number)s * 10000000 as legacy, '-' || %(number)s as mark
),
artist as (
    insert into artists (
        id, artist_name, alphabetical_name, code_letters, discogs_artist_id, musicbrainz_artist_id,
        wikidata_qid, spotify_artist_id, apple_music_artist_id, bandcamp_id
    )
    select
        a.id + m.ids, left(a.artist_name, 120) || m.mark, '', a.code_letters,
        a.discogs_artist_id %% 100000000 + 10 * m.legacy + 900000000, a.musicbrainz_artist_id || m.mark,
        a.wikidata_qid || m.mark, a.spotify_artist_id || m.mark, a.apple_music_artist_id || m.mark,
        a.bandcamp_id || m.mark
    from artists a
    cross join moved m
    where a.id <= 100000
),
record as (
    insert into library (
        id, artist_id, genre_id, format_id, album_title, code_number, legacy_release_id, artist_name,
        artwork_url
    )
    select
        l.id + m.ids, l.artist_id + m.ids, l.genre_id, l.format_id, l.album_title, l.code_number,
        l.legacy_release_id + m.legacy, left(l.artist_name, 120) || m.mark,
        left(l.artwork_url, 500) || m.mark
    from library l
    cross join moved m
    where l.id <= 100000
),
identity as (
    insert into library_identity (
        library_id, wikidata_qid, spotify_id, apple_music_id, last_verified_at, method, confidence,
        notes
    )
    select
        i.library_id + m.ids, i.wikidata_qid || m.mark, i.spotify_id || m.mark,
        i.apple_music_id || m.mark, i.last_verified_at, i.method, i.confidence, i.notes
    from library_identity i
    cross join moved m
    where i.library_id <= 100000
),
source as (
    insert into library_identity_source (
        library_id, source, external_id, method, confidence, last_verified_at, notes
    )
    select
        s.library_id + m.ids,
        s.source,
        case s.source
            when 'discogs' then (s.external_id::bigint %% 100000000 + 10 * m.legacy + 900000000)::text
            else s.external_id || m.mark
        end,
        s.method, s.confidence, s.last_verified_at, s.notes
    from library_identity_source s
    cross join moved m
    where s.library_id <= 100000
),
history as (
    insert into library_identity_history (
        library_id, wikidata_qid, spotify_id, apple_music_id, superseded_at, superseded_reason
    )
    select
        h.library_id + m.ids, h.wikidata_qid || m.mark, h.spotify_id || m.mark,
        h.apple_music_id || m.mark, h.superseded_at, h.superseded_reason
    from library_identity_history h
    cross join moved m
    where h.library_id <= 100000
),
answer as (
    insert into lml_resolution (
        library_id, cohort, artist_name, kind, answer, answered_at, run_id, rules_version
    )
    select
        r.library_id + m.ids, r.cohort, left(r.artist_name, 120) || m.mark, r.kind,
        r.answer || jsonb_build_object('provenance', (
            select jsonb_agg(each || jsonb_build_object(
                'external_id',
                case each ->> 'source'
                    when 'discogs'
                    then ((each ->> 'external_id')::bigint %% 100000000 + 10 * m.legacy + 900000000)::text
                    else each ->> 'external_id' || m.mark
                end
            ))
            from jsonb_array_elements(r.answer -> 'provenance') each
        )),
        r.answered_at, r.run_id, r.rules_version
    from lml_resolution r
    cross join moved m
    where r.library_id <= 100000
    and r.kind = 'single_artist'
)
insert into artwork_lookup (
    library_id, outcome, url, confidence, match, artist_name, album_title, legacy_release_id,
    looked_up_at, applied_at, answer, rules_version, run_id
)
select
    k.library_id + m.ids, k.outcome, left(k.url, 500) || m.mark, k.confidence, k.match,
    left(k.artist_name, 120) || m.mark, k.album_title, k.legacy_release_id + m.legacy,
    k.looked_up_at, k.applied_at,
    k.answer || jsonb_build_object('results', (
        select jsonb_agg(jsonb_build_object(
            'library_item',
            each -> 'library_item' || jsonb_build_object(
                'id', (each #>> '{library_item,id}')::bigint + m.legacy,
                'artist', left(each #>> '{library_item,artist}', 120) || m.mark
            ),
            'artwork',
            each -> 'artwork' || jsonb_build_object(
                'artwork_url', left(each #>> '{artwork,artwork_url}', 500) || m.mark
            )
        ))
        from jsonb_array_elements(k.answer -> 'results') each
    )),
    k.rules_version, k.run_id
from artwork_lookup k
cross join moved m
where k.library_id <= 100000
and k.outcome = 'cover'
