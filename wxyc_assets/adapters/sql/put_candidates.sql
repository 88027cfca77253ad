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
        r.answered_at as answered_nobody_at,
        case
            when coalesce(l.code_volume_letters, '') ^@ 'Z' then 'va'
            when exists (select from compilation_track_artist t where t.library_id = l.id) then 'va'
            else 'non_va'
        end as cohort
    from library l
    left join library_identity i on i.library_id = l.id
    left join lml_resolution r
        on r.library_id = l.id
        and r.artist_name = l.artist_name
        and (r.refusal is not null or r.kind in ('unresolved', 'compilation'))
    where l.id between %(first)s and %(last)s
    and l.artist_name is not null
),
judged as (
    select
        fact.*,
        now,
        attempted_at is not null or answered_nobody_at is not null as was_attempted,
        coalesce(verified_at >= now - %(stale_window)s, false) as is_fresh,
        coalesce(answered_nobody_at > now - %(retry_window)s, false) as is_resting,
        coalesce(attempted_at >= now - %(retry_window)s, false) as was_attempted_recently
    from fact
    cross join moment
),
due as (
    select
        library_id,
        cohort,
        artist_name,
        album_title,
        legacy_release_id,
        now,
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
),
gone as (
    delete from library_candidate c
    where c.library_id between %(first)s and %(last)s
    and not exists (
        select from due d where d.library_id = c.library_id and d.reason is not null
    )
),
put as (
    insert into library_candidate
        (library_id, cohort, reason, artist_name, album_title, legacy_release_id, due_at, run_id)
    select
        library_id, cohort, reason, artist_name, album_title, legacy_release_id, now, %(run_id)s
    from due
    where reason is not null
    on conflict (library_id) do update set
        cohort = excluded.cohort,
        reason = excluded.reason,
        artist_name = excluded.artist_name,
        album_title = excluded.album_title,
        legacy_release_id = excluded.legacy_release_id,
        due_at = excluded.due_at,
        run_id = excluded.run_id
)
select cohort, reason, count(*)
from due
where reason is not null
group by cohort, reason
