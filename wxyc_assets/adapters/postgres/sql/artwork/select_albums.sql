-- Returns the records of a range that want a cover, each with its state: to_write, to_decide,
-- unconfirmed, waiting_to_retry or due. A stored lookup counts only for the names that it was made with.
-- One that was made with other rules is to be decided again, if its answer was kept and is not too old.
with moment as (
    select coalesce(%(now)s::timestamptz, now()) - %(retry_window)s as retry_from
),
album as (
    select
        l.id as library_id,
        a.artist_name,
        l.album_title,
        l.legacy_release_id,
        l.artwork_url is not null as is_covered
    from library l
    join artists a on a.id = l.artist_id
    where l.id between %(first)s and %(last)s
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
),
known_lookup as (
    select
        *,
        not lookup_counts(
            coalesce(outcome_if_confirmed, outcome), confidence, match,
            %(match)s, %(least_confidence)s
        )
        -- An answer that was not kept cannot be decided again: its decision counts as it is.
        or (answer is not null and rules_version <> %(rules_version)s) as is_of_other_rules
    from artwork_lookup
    where library_id between %(first)s and %(last)s
),
known as (
    select
        album.*,
        k.outcome_if_confirmed,
        case
            when k.ask_again_at is not null then 'due'
            when k.reverted_at > retry_from then 'waiting_to_retry'
            when k.is_of_other_rules
                and k.reverted_at is null
                and k.answer is not null
                and k.outcome not in ('unknown', 'unconfirmed')
                and k.looked_up_at > retry_from
                then 'to_decide'
            when k.is_of_other_rules and k.reverted_at is null then 'due'
            when k.outcome = 'unconfirmed' and k.looked_up_at > retry_from then 'unconfirmed'
            else lookup_state(
                k.outcome, k.looked_up_at, k.applied_at, k.write_error, k.reverted_at, retry_from
            )
        end as state
    from album
    cross join moment
    left join known_lookup k
        on k.library_id = album.library_id
        and k.artist_name = album.artist_name
        and k.album_title = album.album_title
        and k.legacy_release_id = album.legacy_release_id
)
select
    library_id, artist_name, album_title, legacy_release_id, is_covered, state, outcome_if_confirmed
from known
where not is_covered or state = 'to_write'
order by library_id
