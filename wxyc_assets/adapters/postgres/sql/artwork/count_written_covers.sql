-- Returns how many covers found for a range of ids are not in the library, or are gone again although
-- this run wrote them, with the first few of those.
with judged as (
    select
        k.library_id,
        case
            when k.applied_at is null and l.artwork_url is null then 'not_written'
            when k.applied_at is not null
                and not k.is_raced
                and k.reverted_at is null
                and coalesce(k.decided_by, k.run_id) = %(run_id)s
                and l.artwork_url is distinct from k.url
            then 'differing'
        end as finding
    from artwork_lookup k
    join library l
        on l.id = k.library_id
        and l.album_title = k.album_title
        and l.legacy_release_id = k.legacy_release_id
    join artists a on a.id = l.artist_id and a.artist_name = k.artist_name
    where k.library_id between %(first)s and %(last)s
    and k.outcome = 'cover'
    and lookup_counts(k.outcome, k.confidence, k.match, %(match)s, %(least_confidence)s)
    and wants_cover(
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
    )
)
select
    count(*) as stored,
    count(*) filter (where finding = 'not_written') as not_written,
    count(*) filter (where finding = 'differing') as differing,
    array(
        select library_id from judged where finding is not null order by library_id limit 10
    ) as offenders
from judged
