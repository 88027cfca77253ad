-- Counts the doubts of a run by reason, each among the identities, or covers, of the library.
insert into doubt_count (run_id, reason, counted_at, records, judged)
select
    %(run_id)s,
    r.reason,
    coalesce(%(now)s::timestamptz, now()),
    (select count(*) from library_doubts d where d.reason = r.reason),
    case r.subject
        when 'identity' then (select count(*) from library_identity)
        else (select count(*) from library where artwork_url is not null)
    end
from unnest(%(reasons)s::text[], %(subjects)s::text[]) r (reason, subject)
on conflict (run_id, reason) do update set
    counted_at = excluded.counted_at,
    records = excluded.records,
    judged = excluded.judged
