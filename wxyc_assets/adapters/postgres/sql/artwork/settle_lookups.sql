-- Settles unconfirmed lookups: each counts, or LML could not say.
update artwork_lookup k
set
    outcome = case when s.is_certain then k.outcome_if_confirmed else 'unknown' end,
    outcome_if_confirmed = null
from unnest(%(library_ids)s::int[], %(are_certain)s::bool[]) as s (library_id, is_certain)
where k.library_id = s.library_id
and k.outcome = 'unconfirmed'
