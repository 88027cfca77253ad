-- Returns what LML answered to a run about the candidates of a range of ids.
select
    count(*) as asked,
    count(*) filter (where r.refusal is not null) as unusable,
    count(*) filter (where c.reason = 'never_resolved') as first_asked,
    count(*) filter (
        where c.reason = 'never_resolved' and (r.kind = 'single_artist' or r.is_matched)
    ) as first_found,
    count(*) filter (where c.reason = 'stale') as refreshed,
    count(*) filter (where c.reason = 'stale' and r.kind = 'single_artist') as confirmed
from lml_resolution r
join library_candidate c on c.library_id = r.library_id
where r.library_id between %(first)s and %(last)s
and r.run_id = %(run_id)s
