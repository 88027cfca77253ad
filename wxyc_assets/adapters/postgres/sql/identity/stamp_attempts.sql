-- Dates attempts on the library records by the stored answers, and journals the previous dates. A
-- record that another writer has dated since keeps that date.
with stamped as (
    update library l
    set unresolved_attempted_at = r.answered_at
    from lml_resolution r
    join library before on before.id = r.library_id
    where l.id = r.library_id
    and l.id = any(%(library_ids)s)
    and l.unresolved_attempted_at is not distinct from before.unresolved_attempted_at
    returning l.id as library_id, r.answered_at, before.unresolved_attempted_at as before
)
insert into library_journal (library_id, subject, run_id, changed_at, decided_at, before, after)
select
    library_id,
    'attempt',
    %(run_id)s,
    coalesce(%(now)s::timestamptz, now()),
    answered_at,
    to_jsonb(before),
    value_fingerprint(answered_at)
from stamped
