-- Returns what the lookups of a run found for a range of ids. A record counts as looked up for the
-- first time until LML has said something about it.
select
    count(*) as asked,
    count(*) filter (where outcome in ('unknown', 'lml_refused')) as unusable,
    count(*) filter (where is_first) as first_asked,
    count(*) filter (where is_first and outcome = 'cover') as first_found
from artwork_lookup
cross join lateral (
    select coalesce(previous_outcome, 'unknown') in ('unknown', 'unconfirmed', 'lml_refused') as is_first
) before
where library_id between %(first)s and %(last)s
and run_id = %(run_id)s
