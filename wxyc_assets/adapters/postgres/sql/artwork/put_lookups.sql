-- Stores the results of lookups with LML's answers; a new result replaces the one before.
insert into artwork_lookup (
    library_id, outcome, url, confidence, match, artist_name, album_title, legacy_release_id,
    looked_up_at, refusal, outcome_if_confirmed, answer, unstorable, api_calls, rules_version,
    min_confidence, run_id
)
select
    a.library_id,
    a.outcome,
    a.url,
    a.confidence,
    %(match)s,
    a.artist_name,
    a.album_title,
    a.legacy_release_id,
    coalesce(%(now)s::timestamptz, now()),
    a.refusal,
    a.outcome_if_confirmed,
    a.answer,
    a.unstorable,
    a.api_calls,
    %(rules_version)s,
    %(min_confidence)s,
    %(run_id)s
from jsonb_to_recordset(%(lookups)s) as a (
    library_id int, outcome text, url text, confidence float8, artist_name text,
    album_title text, legacy_release_id int, refusal text, outcome_if_confirmed text,
    answer jsonb, unstorable jsonb, api_calls int
)
on conflict (library_id) do update set
    outcome = excluded.outcome,
    url = excluded.url,
    confidence = excluded.confidence,
    match = excluded.match,
    artist_name = excluded.artist_name,
    album_title = excluded.album_title,
    legacy_release_id = excluded.legacy_release_id,
    looked_up_at = excluded.looked_up_at,
    applied_at = null,
    is_raced = false,
    refusal = excluded.refusal,
    outcome_if_confirmed = excluded.outcome_if_confirmed,
    answer = excluded.answer,
    unstorable = excluded.unstorable,
    api_calls = excluded.api_calls,
    rules_version = excluded.rules_version,
    min_confidence = excluded.min_confidence,
    decided_at = null,
    decided_by = null,
    write_error = null,
    ask_again_at = null,
    reverted_at = null,
    reverted_by = null,
    run_id = excluded.run_id
