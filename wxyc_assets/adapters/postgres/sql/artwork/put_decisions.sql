-- Stores decisions that were made again from stored answers. One that stays the same keeps its dates; a
-- different one is still to be written.
update artwork_lookup k
set
    outcome = d.outcome,
    url = d.url,
    confidence = d.confidence,
    match = %(match)s,
    rules_version = %(rules_version)s,
    min_confidence = %(min_confidence)s,
    decided_at = coalesce(%(now)s::timestamptz, now()),
    decided_by = %(run_id)s,
    applied_at = case when d.is_same then k.applied_at end,
    is_raced = d.is_same and k.is_raced,
    write_error = case when d.is_same then k.write_error end
from jsonb_to_recordset(%(decisions)s) as d (
    library_id int, outcome text, url text, confidence float8, is_same bool
)
where k.library_id = d.library_id
and k.answer is not null
and k.reverted_at is null
