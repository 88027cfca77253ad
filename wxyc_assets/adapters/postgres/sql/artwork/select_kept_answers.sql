-- Returns the lookups of a range whose answer was kept, about records that are still named as they were
-- then, with what the library shows. With library_ids, only those. What was reverted is not decided on
-- again from the same answer.
select
    l.id as library_id,
    k.artist_name,
    k.album_title,
    k.legacy_release_id,
    k.answer,
    -- What a person rejected was found all the same; it is marked again when it is to be written.
    case when k.outcome = 'rejected' then 'cover' else k.outcome end as outcome,
    k.url,
    k.confidence,
    (k.match, k.rules_version) = (%(match)s, %(rules_version)s) as is_of_these_rules,
    k.looked_up_at as answered_at,
    shown.is_ours,
    l.artwork_url is not null and not shown.is_ours as is_others,
    wants_cover(
        %(eligibility)s::text,
        a.artist_name,
        l.album_title,
        a.discogs_artist_id,
        l.discogs_unavailable,
        exists (
            select from library_identity_source s
            where s.library_id = l.id
            and s.source = 'discogs'
        )
    ) as is_eligible
from artwork_lookup k
join library l
    on l.id = k.library_id
    and l.album_title = k.album_title
    and l.legacy_release_id = k.legacy_release_id
join artists a on a.id = l.artist_id and a.artist_name = k.artist_name
cross join lateral (
    select coalesce(
        k.applied_at is not null and not k.is_raced and l.artwork_url = k.url, false
    ) as is_ours
) shown
where k.library_id between %(first)s and %(last)s
and (%(library_ids)s::int[] is null or k.library_id = any(%(library_ids)s))
and k.answer is not null
and k.reverted_at is null
and k.outcome <> 'unconfirmed'
order by l.id
