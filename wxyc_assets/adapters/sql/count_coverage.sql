select
    case
        when coalesce(l.code_volume_letters, '') ^@ 'Z' then 'va'
        when exists (select from compilation_track_artist t where t.library_id = l.id) then 'va'
        else 'non_va'
    end as cohort,
    case
        when i.last_verified_at >= now() - %(stale_window)s then 'identified'
        when r.is_resting and i.library_id is not null then 'identified, resting'
        when i.library_id is not null then 'identified, stale'
        when l.artist_name is null then 'no artist name'
        when r.refusal is not null and r.is_resting then 'refused by LML, resting'
        when r.is_matched and r.is_resting then 'compilation matched, resting'
        when r.kind = 'compilation' and r.is_resting then 'compilation not matched, resting'
        when r.is_resting then 'unresolved, resting'
        when r.write_error is not null then 'answer cannot be written'
        when l.unresolved_attempted_at >= now() - %(retry_window)s then 'unresolved, resting'
        when l.unresolved_attempted_at is not null or r.library_id is not null
            then 'attempted long ago'
        else 'never asked'
    end as state,
    count(*) as library_rows
from library l
left join library_identity i on i.library_id = l.id
left join lateral (
    select
        r.*,
        r.answered_at > now() - %(retry_window)s
            and (r.refusal is not null or r.kind in ('unresolved', 'compilation')) as is_resting
    from lml_resolution r
    where r.library_id = l.id
    and r.artist_name = l.artist_name
) r on true
group by 1, 2
order by 1, 2
