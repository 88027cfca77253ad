-- Brings back the dates of attempts before some entries of the journal, as changes of a run.
with reverted as (
    update library l
    set unresolved_attempted_at = (c.before #>> '{}')::timestamptz
    from library_journal c
    join library replaced on replaced.id = c.library_id
    where c.entry = any(%(entries)s)
    and l.id = c.library_id
    returning
        l.id as library_id,
        c.decided_at,
        replaced.unresolved_attempted_at as before,
        l.unresolved_attempted_at as after
)
insert into library_journal (library_id, subject, run_id, changed_at, decided_at, before, after)
select
    library_id, 'attempt', %(run_id)s, coalesce(%(now)s::timestamptz, now()), decided_at,
    to_jsonb(before), value_fingerprint(after)
from reverted
