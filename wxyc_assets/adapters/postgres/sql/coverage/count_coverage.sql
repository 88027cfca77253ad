-- Returns record counts by state, cover and finding, for the library, each cohort, range and genre.
with moment as (
    select
        coalesce(%(now)s::timestamptz, now()) as now,
        coalesce(%(now)s::timestamptz, now()) - %(stale_window)s as stale_from,
        coalesce(%(now)s::timestamptz, now()) - %(retry_window)s - %(grace)s as retry_from,
        coalesce(%(now)s::timestamptz, now()) - %(cover_window)s - %(grace)s as cover_from
),
known as (
    select
        l.id as library_id,
        l.genre_id::text as genre,
        width_bucket(l.id, %(firsts)s::int[]) as place,
        l.artist_name is not null and (%(is_wide)s or l.canonical_entity_id is not null)
            as is_in_scope,
        l.artist_name,
        l.unresolved_attempted_at as attempted_at,
        l.artwork_url,
        l.album_title,
        l.legacy_release_id,
        l.discogs_unavailable,
        l.artist_id,
        coalesce(l.add_date > moment.now - %(grace)s, false) as is_new,
        library_cohort(
            l.code_volume_letters,
            coalesce(c.credits, 0) > 0
        ) as cohort,
        i.library_id is not null as is_identified,
        i.method = 'manual' and i.notes is distinct from %(mark)s as is_manual,
        i.last_verified_at as verified_at,
        i.method,
        i.confidence,
        i.wikidata_qid,
        i.spotify_id,
        i.apple_music_id,
        coalesce(s.sources, 0) as sources,
        s.our_ids,
        s.foreign_at,
        coalesce(s.has_discogs, false) as has_discogs_source,
        r.kind,
        r.is_matched,
        r.refusal,
        r.answered_at,
        r.applied_at,
        r.cohort as asked_cohort,
        r.previous_answered_at,
        r.previous_kind,
        r.asked_because,
        case
            when r.kind is distinct from 'single_artist' then null
            when x.rejected is null then r.answer  -- nearly always, and the call is dear
            else without_rejected(r.answer, x.rejected)
        end as answer,
        coalesce(r.is_rejected, false) as is_rejected,
        case when r.kind <> 'compilation' then r.answer ->> 'library_id' end as answered_about,
        case
            when r.is_matched and c.linked = 0 and jsonb_typeof(r.answer -> 'tracks') = 'array'
            then r.answer -> 'tracks'
        end as unlinked_tracks,
        r.reverted_at,
        coalesce(
            unidentified_at(
                case when r.is_rejected then 'unresolved' else r.kind end, r.refusal, r.answered_at,
                r.reverted_at
            ) > retry_from,
            false
        ) as is_waiting_to_retry,
        moment.*
    from library l
    cross join moment
    left join library_identity i on i.library_id = l.id
    left join lml_resolution r on r.library_id = l.id and r.artist_name = l.artist_name
    left join (
        select legacy_release_id, array_agg(topic || ':' || value) as rejected
        from rejected_value
        group by legacy_release_id
    ) x on x.legacy_release_id = l.legacy_release_id
    left join (
        select
            library_id,
            count(*) as sources,
            bool_or(source = 'discogs') as has_discogs,
            jsonb_object_agg(source, external_id) filter (where notes = %(mark)s) as our_ids,
            max(last_verified_at) filter (
                where notes is distinct from %(mark)s
                and method <> 'manual'
            ) as foreign_at
        from library_identity_source
        group by library_id
    ) s on s.library_id = l.id
    left join (
        select
            library_id,
            count(*) as credits,
            count(track_artist_id) as linked
        from compilation_track_artist
        group by library_id
    ) c on c.library_id = l.id
),
fact as materialized (
    select
        f.library_id,
        f.cohort,
        f.place,
        f.genre,
        f.is_new,
        case
            when f.artist_name is null then 'no_artist_name'
            when not f.is_in_scope then 'no_canonical_entity'
            when f.kind is not null and f.applied_at is null then 'not_written'
            when f.verified_at >= f.stale_from then 'fresh'
            when f.is_identified then 'stale'
            when f.is_waiting_to_retry and f.reverted_at is not null then 'unresolved'
            when f.is_waiting_to_retry and f.refusal is not null then 'refused'
            when f.is_waiting_to_retry and f.is_rejected then 'rejected'
            when f.is_waiting_to_retry and f.is_matched then 'compilation_matched'
            when f.is_waiting_to_retry and f.kind = 'compilation' then 'compilation_unmatched'
            when f.is_waiting_to_retry then 'unresolved'
            when (%(is_wide)s or f.cohort = 'va') and f.attempted_at >= f.retry_from
                then 'attempted_elsewhere'
            when f.attempted_at is not null or f.answered_at is not null then 'attempted_long_ago'
            else 'never_asked'
        end as state,
        case
            when not wants_cover(
                %(eligibility)s::text,
                a.artist_name,
                f.album_title,
                a.discogs_artist_id,
                f.discogs_unavailable,
                f.has_discogs_source
            ) then 'cover_not_wanted'
            when f.artwork_url is not null then 'cover_there'
            else case lookup_state(
                k.outcome, k.looked_up_at, k.applied_at, k.write_error, k.reverted_at, f.cover_from
            )
                when 'to_write' then 'cover_waiting'
                when 'waiting_to_retry' then 'cover_denied'
                else 'cover_unknown'
            end
        end as cover,
        case when f.is_identified then f.method end as method,
        case
            when f.is_identified then
                (least(floor(f.confidence::numeric * 10), 9) / 10)::numeric(2, 1)::text
        end as confidence,
        case when f.is_identified then f.sources::text end as sources,
        case when f.is_identified and f.is_in_scope then 'counted' end as identity,
        case when f.is_in_scope and f.cohort = 'va' then 'counted' end as compilation,
        case
            when f.is_in_scope and f.cohort = 'va' and f.is_matched and f.reverted_at is null
            then 'counted'
        end as matched,
        case
            when f.is_in_scope
                and f.cohort = 'va'
                and not f.is_identified
                and f.attempted_at is null
                and (f.kind is null or f.applied_at is null)
            then 'unclassified'
        end as unclassified,
        case
            when f.asked_because is distinct from 'recheck'
                and f.previous_answered_at > f.answered_at - w.previous_window
                and f.answered_at > f.now - w.previous_window
                -- An identity that is due as a record without one was deleted by a person.
                and not coalesce(
                    f.previous_kind = 'single_artist'
                    and f.asked_because in ('never_resolved', 'retry_due'),
                    false
                )
            then 'asked_twice'
        end as asked_twice,
        case
            when f.applied_at is null or f.reverted_at is not null then null
            when f.answered_about <> f.library_id::text then 'disagreeing'
            when f.is_matched
                and f.asked_cohort = 'va'
                and coalesce(f.attempted_at < f.answered_at, true)
            then 'disagreeing'
            when exists (
                select
                from jsonb_array_elements(f.unlinked_tracks) t (said)
                join compilation_track_artist c
                    on c.library_id = f.library_id
                    and c.artist_name = t.said ->> 'artist_name'
                    and c.track_title is not distinct from t.said ->> 'track_title'
                where c.track_artist_link_method is distinct from 'librarian'
                and (
                    select count(*) = 1 and bool_and(a.last_modified < f.applied_at)
                    from artists a
                    where fold_artist_name(a.artist_name::text)
                        = fold_artist_name(t.said ->> 'resolved_artist_name')
                )
            )
            then 'disagreeing'
            -- A refusal says nothing; a person's decision, or deletion, stands.
            when f.kind is distinct from 'single_artist'
                or f.is_manual
                or f.is_rejected
                or not f.is_identified
            then null
            when f.verified_at < f.answered_at or f.foreign_at > f.answered_at then 'disagreeing'
            when (f.method, f.confidence, f.wikidata_qid, f.spotify_id, f.apple_music_id)
                is distinct from (
                    f.answer ->> 'method',
                    (f.answer ->> 'confidence')::real,
                    f.answer #>> '{main,wikidata_qid}',
                    f.answer #>> '{main,spotify_artist_id}',
                    f.answer #>> '{main,apple_music_artist_id}'
                )
            then 'disagreeing'
            when f.sources = 0 then case when said.external_ids <> '{}' then 'disagreeing' end
            when f.our_ids <@ said.external_ids then null
            when exists (
                select
                from jsonb_each_text(f.our_ids) ours
                where not said.mentioned ? ours.key
                or said.external_ids ->> ours.key <> ours.value
            )
            then 'disagreeing'
        end as disagreeing,
        case when f.sources > 0 and not f.is_identified then 'orphaned' end as orphaned,
        case
            when f.place not between 1 and cardinality(%(firsts)s::int[]) - 1 then 'outside'
        end as outside
    from known f
    join artists a on a.id = f.artist_id
    cross join lateral (
        select case
            when f.previous_kind = 'single_artist' then %(stale_window)s else %(retry_window)s
        end as previous_window
    ) w
    left join artwork_lookup k
        on k.library_id = f.library_id
        and k.artist_name = a.artist_name
        and k.album_title = f.album_title
        and k.legacy_release_id = f.legacy_release_id
        and lookup_counts(k.outcome, k.confidence, k.match, %(match)s, %(least_confidence)s)
    left join lateral (
        select
            coalesce(jsonb_object_agg(e.said ->> 'source', true), '{}') as mentioned,
            coalesce(
                jsonb_object_agg(e.said ->> 'source', e.said ->> 'external_id' order by e.at)
                    filter (
                        where e.said ->> 'confidence' is not null
                        and e.said ->> 'external_id' is not null
                    ),
                '{}'
            ) as external_ids
        from jsonb_array_elements(
            case jsonb_typeof(f.answer -> 'provenance')
                when 'array' then f.answer -> 'provenance'
                else '[]'
            end
        ) with ordinality e (said, at)
        where e.said ->> 'source' is not null
    ) said on f.applied_at is not null and f.is_identified
),
measured as (
    select f.library_id, f.cohort, f.place, f.genre, m.measure, m.value
    from fact f
    cross join lateral (
        values
            ('states', f.state),
            ('covers', f.cover),
            ('methods', f.method),
            ('confidences', f.confidence),
            ('sources', f.sources),
            ('identities', f.identity),
            ('compilations', f.compilation),
            ('compilations_matched', f.matched),
            (
                'offenders',
                case
                    when f.state in ('not_written', 'attempted_long_ago', 'never_asked')
                    then 'uncovered'
                end
            ),
            ('offenders', case when f.cover in ('cover_waiting', 'cover_unknown') then 'without_cover' end),
            ('new', case when f.is_new and f.state = 'never_asked' then 'uncovered' end),
            ('new', case when f.is_new and f.cover = 'cover_unknown' then 'without_cover' end),
            ('offenders', f.unclassified),
            ('offenders', f.asked_twice),
            ('offenders', f.disagreeing),
            ('offenders', f.orphaned),
            ('offenders', f.outside)
    ) m (measure, value)
    where m.value is not null
)
select
    case grouping(cohort, place, genre)
        when 7 then 'all'
        when 3 then 'cohort'
        when 5 then 'id_range'
        else 'genre'
    end as dimension,
    coalesce(cohort, genre, '') as member,
    place,
    measure,
    value,
    count(*) as library_rows,
    max(library_id) as largest_id,
    (array_agg(library_id order by library_id) filter (where measure = 'offenders'))[1:10] as sample
from measured
group by grouping sets (
    (measure, value), (cohort, measure, value), (place, measure, value), (genre, measure, value)
)
