-- Stores verdicts; returns those that were not stored before.
insert into verdict (
    library_id, legacy_release_id, topic, value, decision, decided_by, decided_at, note, sample_id
)
select
    v.library_id, v.legacy_release_id, v.topic, v.value, v.decision, v.decided_by, v.decided_at,
    v.note, v.sample_id
from jsonb_to_recordset(%(verdicts)s) as v (
    place int, library_id int, legacy_release_id int, topic text, value text, decision text,
    decided_by text, decided_at timestamptz, note text, sample_id text
)
order by v.place
on conflict (legacy_release_id, topic, value, decision, decided_by, decided_at) do nothing
returning legacy_release_id, topic, value
