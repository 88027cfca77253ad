-- Returns the records of a range that are due, each with its reason.
with moment as (
    select coalesce(%(now)s::timestamptz, now()) as now
),
fact as (
    select
        l.id as library_id,
        l.artist_name,
        l.album_title,
        l.legacy_release_id,
        l.canonical_entity_id is not null as is_canonical,
        i.last_verified_at as verified_at,
        l.unresolved_attempted_at as attempted_at,
        unidentified_at(
            case when r.is_rejected then 'unresolved' else r.kind end, r.refusal, r.answered_at,
            r.reverted_at
        ) as unidentified_at,
        now,
        r.ask_again_at is not null as is_wanted_again,
        r.library_id is not null
            and r.applied_at is null
            and r.ask_again_at is null
            and (r.write_error is null or r.answered_at > now - %(retry_window)s) as is_served,
        library_cohort(
            l.code_volume_letters,
            exists (select from compilation_track_artist t where t.library_id = l.id)
        ) as cohort
    from library l
    left join library_identity i on i.library_id = l.id
    left join lml_resolution r on r.library_id = l.id and r.artist_name = l.artist_name
    cross join moment
    where l.id between %(first)s and %(last)s
    and l.artist_name is not null
),
state as (
    select
        fact.*,
        attempted_at is not null or unidentified_at is not null as was_attempted,
        coalesce(verified_at >= now - %(stale_window)s, false) as is_fresh,
        coalesce(unidentified_at > now - %(retry_window)s, false) as is_waiting_to_retry,
        coalesce(attempted_at >= now - %(retry_window)s, false) as was_attempted_recently
    from fact
),
due as (
    select
        library_id,
        cohort,
        artist_name,
        album_title,
        legacy_release_id,
        is_served,
        case
            when is_wanted_again then 'recheck'
            when is_fresh
                or is_waiting_to_retry
                or not (%(include_null_canonical)s or is_canonical)
                or (
                    (%(include_null_canonical)s or cohort = 'va')
                    and verified_at is null
                    and was_attempted_recently
                )
            then case when %(recheck)s and cohort = 'va' and was_attempted then 'recheck' end
            when verified_at is not null then 'stale'
            when was_attempted then 'retry_due'
            else 'never_resolved'
        end as reason
    from state
)
select library_id, artist_name, album_title, legacy_release_id, cohort, reason, is_served
from due
where reason is not null
order by library_id
