-- Returns how many releases of a range are not in their record's identity, or differ there although this
-- run wrote them, with the first few of those.
with judged as (
    select
        r.library_id,
        case
            when r.written_at is null and i.discogs_release_id is null then 'not_written'
            when r.written_by = %(run_id)s and i.discogs_release_id is distinct from r.release_id
                then 'differing'
        end as finding
    from library_release r
    join library_identity i on i.library_id = r.library_id
    where r.library_id between %(first)s and %(last)s
    and not (i.method = 'manual' and i.notes is distinct from %(mark)s)
)
select
    count(*) as stored,
    count(*) filter (where finding = 'not_written') as not_written,
    count(*) filter (where finding = 'differing') as differing,
    coalesce(
        (array_agg(library_id order by library_id) filter (where finding is not null))[1:10], '{}'
    ) as offenders
from judged
