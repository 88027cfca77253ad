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
        case
            when r.refusal is not null or r.kind in ('unresolved', 'compilation')
            then r.answered_at
        end as answered_nobody_at,
        now,
        r.library_id is not null
            and r.applied_at is null
            and (r.write_error is null or r.answered_at > now - %(retry_window)s) as is_served,
        case
            when coalesce(l.code_volume_letters, '') ^@ 'Z' then 'va'
            when exists (select from compilation_track_artist t where t.library_id = l.id) then 'va'
            else 'non_va'
        end as cohort
    from library l
    left join library_identity i on i.library_id = l.id
    left join lml_resolution r on r.library_id = l.id and r.artist_name = l.artist_name
    cross join moment
    where l.id between %(first)s and %(last)s
    and l.artist_name is not null
),
judged as (
    select
        fact.*,
        attempted_at is not null or answered_nobody_at is not null as was_attempted,
        coalesce(verified_at >= now - %(stale_window)s, false) as is_fresh,
        coalesce(answered_nobody_at > now - %(retry_window)s, false) as is_resting,
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
            when is_fresh
                or is_resting
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
    from judged
)
select library_id, artist_name, album_title, legacy_release_id, cohort, reason, is_served
from due
where reason is not null
order by library_id
