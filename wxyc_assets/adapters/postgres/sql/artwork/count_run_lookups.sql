-- Returns what the lookups of a run found for a range of ids, and how many are stored for it. A record
-- counts as looked up for the first time until LML has said something about it; one that LML could
-- not answer about before says nothing about this run when it cannot again.
with lookup as (
    select
        outcome = 'cover' as is_cover,
        outcome in ('unknown', 'lml_refused') as is_unusable,
        outcome in ('unknown', 'lml_refused')
            and coalesce(previous_outcome, '') in ('unknown', 'lml_refused') as is_unusable_again,
        coalesce(previous_outcome, 'unknown') in ('unknown', 'unconfirmed', 'lml_refused')
            as is_first,
        run_id = %(run_id)s as is_of_run
    from artwork_lookup
    where library_id between %(first)s and %(last)s
)
select
    count(*) filter (where is_of_run and not is_unusable_again) as asked,
    count(*) filter (where is_of_run and is_unusable and not is_unusable_again) as unusable,
    count(*) filter (where is_of_run and is_unusable_again) as unusable_again,
    count(*) as stored,
    count(*) filter (where is_of_run and is_first and not is_unusable_again) as first_asked,
    count(*) filter (where is_of_run and is_first and is_cover) as first_found
from lookup
