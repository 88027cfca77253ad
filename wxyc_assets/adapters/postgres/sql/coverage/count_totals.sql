-- Returns one row: numbers of the whole library, and of the answers and lookups of one run (run_*) and
-- of the last 30 days (month_*).
with moment as (
    select coalesce(%(now)s::timestamptz, now()) as now
),
record as (
    select
        l.id,
        l.artist_name,
        l.artist_id,
        l.album_title,
        l.legacy_release_id,
        l.artwork_url,
        l.artist_name is not null and (%(is_wide)s or l.canonical_entity_id is not null)
            as is_in_scope
    from library l
),
identity as (
    select
        i.library_id,
        r.is_in_scope,
        moment.now - i.last_verified_at as age
    from library_identity i
    join record r on r.id = i.library_id
    cross join moment
),
answer as (
    select
        a.kind,
        a.cohort,
        a.run_id = %(run_id)s as is_of_run,
        a.kind is null and a.previous_kind is not distinct from 'refused' as is_refused_again,
        a.kind is not null and a.applied_at is null as is_not_written,
        a.previous_answered_at is null and a.cohort = 'non_va' as is_first,
        a.previous_kind = 'single_artist' and a.kind is not null as is_repeated,
        a.answered_at > moment.now - interval '30 days' as is_of_month,
        a.previous_kind = 'single_artist' and exists (
            select
            from library_identity_history h
            where h.library_id = a.library_id
            and h.superseded_at = a.answered_at
            and h.reason_category = 'decision_changed'
        ) as is_flip
    from lml_resolution a
    join record r on r.id = a.library_id and r.artist_name = a.artist_name
    cross join moment
),
lookup as (
    select
        -- An unconfirmed answer is one that nobody may rely on yet: no answer.
        case when k.outcome = 'unconfirmed' then 'unknown' else k.outcome end as outcome,
        k.run_id = %(run_id)s as is_of_run,
        k.looked_up_at > moment.now - interval '30 days' as is_of_month,
        coalesce(k.previous_outcome, 'unknown') in ('unknown', 'unconfirmed') as is_first,
        k.outcome in ('unknown', 'unconfirmed', 'lml_refused')
            and coalesce(k.previous_outcome, '') in ('unknown', 'lml_refused') as is_unusable_again,
        k.outcome = 'cover' and k.applied_at is null and r.artwork_url is null as is_not_written,
        k.outcome = 'cover'
            and k.applied_at is not null
            and not k.is_raced
            and k.reverted_at is null as is_ours,
        k.outcome = 'cover'
            and not k.is_raced
            and (r.artwork_url <> k.url or k.previous_url <> k.url) as is_flip
    from artwork_lookup k
    join record r on r.id = k.library_id
    join artists a on a.id = r.artist_id
    cross join moment
    where k.artist_name = a.artist_name
    and k.album_title = r.album_title
    and k.legacy_release_id = r.legacy_release_id
    and lookup_counts(k.outcome, k.confidence, k.match, %(match)s, %(least_confidence)s)
),
shared_id as (
    select s.source, s.external_id, count(distinct r.artist_id) as artists, min(r.id) as library_id
    from library_identity_source s
    join record r on r.id = s.library_id
    group by s.source, s.external_id
    order by artists desc, s.source, s.external_id
    limit 1
),
shared_cover as (
    select
        r.artwork_url,
        count(distinct (r.artist_id, lower(r.album_title))) as albums,
        min(r.id) as library_id
    from record r
    where r.artwork_url is not null
    group by r.artwork_url
    order by albums desc, r.artwork_url
    limit 1
),
library_number as (
    select
        count(*) as records,
        count(artist_name) as named_records,
        count(*) filter (where is_in_scope) as in_scope,
        count(artwork_url) as covers_there
    from record
),
identity_number as (
    select
        count(*) as identities,
        count(*) filter (where is_in_scope) as identities_in_scope,
        count(*) filter (where is_in_scope and age <= %(stale_window)s) as verified_within_1,
        count(*) filter (where is_in_scope and age <= 2 * %(stale_window)s) as verified_within_2,
        count(*) filter (where is_in_scope and age <= 4 * %(stale_window)s) as verified_within_4
    from identity
),
answer_number as (
    select
        count(*) as answers,
        count(*) filter (where is_not_written) as answers_not_written,
        count(*) filter (where is_of_run and not is_refused_again) as run_asked,
        count(*) filter (where is_of_run and kind = 'single_artist') as run_identified,
        count(*) filter (where is_of_run and kind = 'compilation') as run_compilations,
        count(*) filter (where is_of_run and kind = 'unresolved') as run_unresolved,
        count(*) filter (where is_of_run and kind is null and not is_refused_again) as run_refused,
        count(*) filter (where is_of_run and is_not_written) as run_not_written,
        count(*) filter (where is_of_run and is_first and kind is not null) as run_first,
        count(*) filter (where is_of_run and is_first and kind = 'single_artist') as run_found,
        count(*) filter (where is_of_run and is_repeated) as run_repeated,
        count(*) filter (where is_of_run and is_repeated and kind = 'single_artist')
            as run_confirmed,
        count(*) filter (where is_of_run and is_flip) as run_flips,
        count(*) filter (where is_of_month) as month_asked,
        count(*) filter (where is_of_month and kind = 'single_artist') as month_identified,
        count(*) filter (where is_of_month and kind = 'compilation') as month_compilations,
        count(*) filter (where is_of_month and kind = 'unresolved') as month_unresolved,
        count(*) filter (where is_of_month and kind is null) as month_refused,
        count(*) filter (where is_of_month and is_not_written) as month_not_written,
        count(*) filter (where is_of_month and cohort = 'non_va' and kind is not null)
            as month_answered,
        count(*) filter (where is_of_month and cohort = 'non_va' and kind = 'single_artist')
            as month_found,
        count(*) filter (where is_of_month and is_repeated) as month_repeated,
        count(*) filter (where is_of_month and is_repeated and kind = 'single_artist')
            as month_confirmed,
        count(*) filter (where is_of_month and is_flip) as month_flips
    from answer
),
lookup_number as (
    select
        count(*) filter (where is_ours or is_not_written) as covers_found,
        count(*) filter (where is_not_written) as covers_not_written,
        count(*) filter (where is_flip) as cover_flips,
        count(*) filter (where is_of_run and not is_unusable_again) as run_lookups,
        count(*) filter (where is_of_run and outcome = 'unknown' and not is_unusable_again)
            as run_lookups_unknown,
        count(*) filter (where is_of_run and outcome = 'lml_refused' and not is_unusable_again)
            as run_lookups_refused,
        count(*) filter (where is_of_run and is_first and outcome not in ('unknown', 'lml_refused'))
            as run_lookups_first,
        count(*) filter (where is_of_run and is_first and outcome = 'cover') as run_lookups_found,
        count(*) filter (where is_of_month) as month_lookups,
        count(*) filter (where is_of_month and outcome = 'unknown') as month_lookups_unknown,
        count(*) filter (where is_of_month and outcome = 'lml_refused') as month_lookups_refused,
        count(*) filter (where is_of_month and is_first and outcome not in ('unknown', 'lml_refused'))
            as month_lookups_first,
        count(*) filter (where is_of_month and is_first and outcome = 'cover')
            as month_lookups_found
    from lookup
),
rotation_number as (
    select
        count(*) as rotation_active,
        count(discogs_release_id) as rotation_resolvable,
        count(lml_identity_id) as rotation_identified
    from rotation, moment
    where kill_date is null
    or kill_date > moment.now::date
)
select
    to_jsonb(library_number)
    || to_jsonb(identity_number)
    || to_jsonb(answer_number)
    || to_jsonb(lookup_number)
    || to_jsonb(rotation_number)
    || jsonb_build_object(
        'sources', (select count(*) from library_identity_source),
        'credits', (select count(*) from compilation_track_artist),
        'credits_linked', (
            select count(track_artist_id) from compilation_track_artist
        ),
        'compilations_matched', (
            select count(*)
            from lml_resolution a
            join record r on r.id = a.library_id and r.artist_name = a.artist_name
            where a.is_matched
        ),
        'artists_on_discogs', (select count(discogs_artist_id) from artists),
        'artists_per_id', coalesce((select artists from shared_id), 0),
        'albums_per_cover', coalesce((select albums from shared_cover), 0)
    ) as counts,
    jsonb_strip_nulls(jsonb_build_object(
        'artists_per_id', (
            select format('%%s %%s, such as record %%s', source, external_id, library_id)
            from shared_id
        ),
        'albums_per_cover', (
            select format('%%s, such as record %%s', artwork_url, library_id) from shared_cover
        )
    )) as samples
from library_number, identity_number, answer_number, lookup_number, rotation_number
