-- Returns what LML answered to a run about the candidates of a range of ids, and how many answers are
-- stored for it. A record that LML refused before says nothing about this run when it does so again.
with answer as (
    select
        r.kind,
        r.is_matched,
        c.reason,
        r.refusal is not null as is_refused,
        r.refusal is not null and r.previous_kind is not distinct from 'refused' as is_refused_again,
        r.run_id = %(run_id)s and c.library_id is not null as is_of_run
    from lml_resolution r
    left join library_candidate c on c.library_id = r.library_id
    where r.library_id between %(first)s and %(last)s
)
select
    count(*) filter (where is_of_run and not is_refused_again) as asked,
    count(*) filter (where is_of_run and is_refused and not is_refused_again) as unusable,
    count(*) filter (where is_of_run and is_refused_again) as unusable_again,
    count(*) as stored,
    count(*) filter (where is_of_run and reason = 'never_resolved') as first_asked,
    count(*) filter (
        where is_of_run and reason = 'never_resolved' and (kind = 'single_artist' or is_matched)
    ) as first_found,
    count(*) filter (where is_of_run and reason = 'stale') as refreshed,
    count(*) filter (where is_of_run and reason = 'stale' and kind = 'single_artist') as confirmed
from answer
