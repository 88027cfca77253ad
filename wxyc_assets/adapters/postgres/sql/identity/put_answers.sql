-- Stores answers and refusals; a new answer replaces the one before.
insert into lml_resolution (
    library_id, cohort, artist_name, kind, is_matched, null_confidences, answer, unstorable, is_poisoned,
    tracks_contract_version, refusal, answered_at, applied_at, run_id
)
select
    a.library_id,
    a.cohort,
    a.artist_name,
    a.kind,
    a.is_matched,
    a.null_confidences,
    a.answer,
    a.unstorable,
    a.is_poisoned,
    a.tracks_contract_version,
    a.refusal,
    coalesce(%(now)s::timestamptz, now()),
    case when a.refusal is not null then coalesce(%(now)s::timestamptz, now()) end,
    %(run_id)s
from jsonb_to_recordset(%(answers)s) as a (
    library_id int, cohort text, artist_name text, kind text, is_matched bool,
    null_confidences int, answer jsonb,
    unstorable jsonb, is_poisoned bool, tracks_contract_version int, refusal text
)
on conflict (library_id) do update set
    cohort = excluded.cohort,
    artist_name = excluded.artist_name,
    kind = excluded.kind,
    is_matched = excluded.is_matched,
    null_confidences = excluded.null_confidences,
    answer = excluded.answer,
    unstorable = excluded.unstorable,
    is_poisoned = excluded.is_poisoned,
    tracks_contract_version = excluded.tracks_contract_version,
    refusal = excluded.refusal,
    answered_at = excluded.answered_at,
    applied_at = excluded.applied_at,
    write_error = null,
    ask_again_at = null,
    is_rejected = false,
    reverted_at = null,
    reverted_by = null,
    run_id = excluded.run_id
