-- Doubts covers of albums whose title is far from the record's, as given.
insert into library_doubts
    (library_id, reason, severity, evidence, found_at, run_id)
select
    given.library_id,
    'other_title',
    %(other_title_severity)s,
    concat('its cover is that of "', given.title, '"'),
    coalesce(%(now)s::timestamptz, now()),
    %(run_id)s
from unnest(%(library_ids)s::int[], %(titles)s::text[]) given (library_id, title)
on conflict (library_id, reason) do update set
    severity = excluded.severity,
    evidence = excluded.evidence,
    run_id = excluded.run_id
