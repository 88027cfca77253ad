-- Stores the state of a refresh run, one row per run.
with moment as (
    select coalesce(%(now)s::timestamptz, now()) as now
)
insert into rotation_refresh (
    run_id, started_at, finished_at, failure, batch_size, batches, calls, identities_scanned,
    identities_resolved, warmed_releases, warmed_artists, not_found, not_implemented, lml_error,
    drift
)
select
    %(run_id)s,
    now,
    case when %(is_finished)s then now end,
    %(failure)s,
    %(batch_size)s,
    %(batches)s,
    %(calls)s,
    %(identities_scanned)s,
    %(identities_resolved)s,
    %(warmed_releases)s,
    %(warmed_artists)s,
    %(not_found)s,
    %(not_implemented)s,
    %(lml_error)s,
    %(drift)s
from moment
on conflict (run_id) do update set
    finished_at = excluded.finished_at,
    failure = excluded.failure,
    batch_size = excluded.batch_size,
    batches = excluded.batches,
    calls = excluded.calls,
    identities_scanned = excluded.identities_scanned,
    identities_resolved = excluded.identities_resolved,
    warmed_releases = excluded.warmed_releases,
    warmed_artists = excluded.warmed_artists,
    not_found = excluded.not_found,
    not_implemented = excluded.not_implemented,
    lml_error = excluded.lml_error,
    drift = excluded.drift
