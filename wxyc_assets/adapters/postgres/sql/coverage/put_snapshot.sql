-- Inserts the slices of one snapshot.
insert into coverage_snapshot (
    run_id, dimension, member, taken_at, is_wide, eligibility, fresh, stale, compilation_matched,
    compilation_unmatched, unresolved, refused, rejected, attempted_elsewhere,
    attempted_long_ago, not_written, never_asked, no_artist_name, no_canonical_entity, cover_there, cover_denied,
    cover_waiting, cover_unknown, cover_not_wanted, compilations, compilations_matched, uncovered,
    without_cover, unclassified, asked_twice, disagreeing, orphaned, outside, sources, methods,
    confidences, offenders, largest_id, identities, counts, rules, samples, completed_at
)
select
    %(run_id)s, dimension, member, coalesce(%(now)s::timestamptz, now()), %(is_wide)s,
    %(eligibility)s, fresh, stale, compilation_matched, compilation_unmatched, unresolved, refused,
    rejected, attempted_elsewhere, attempted_long_ago, not_written, never_asked, no_artist_name,
    no_canonical_entity, cover_there, cover_denied, cover_waiting, cover_unknown, cover_not_wanted,
    compilations, compilations_matched, uncovered, without_cover, unclassified, asked_twice,
    disagreeing, orphaned, outside, sources, methods, confidences, offenders, largest_id, identities,
    case when dimension = 'all' then %(counts)s::jsonb end,
    case when dimension = 'all' then %(rules)s::jsonb end,
    case when dimension = 'all' then %(samples)s::jsonb end,
    case when dimension = 'all' then %(completed_at)s::timestamptz end
from jsonb_populate_recordset(null::coverage_snapshot, %(slices)s)
