-- Returns the stored answers of a range that are still to be applied, those that were applied by another
-- version of the rules, and those of a narrower run whose attempts are still to be dated. An identity that
-- somebody removed since is not made again.
select
    r.library_id,
    r.cohort,
    r.kind,
    r.is_matched,
    r.is_poisoned,
    r.null_confidences,
    r.applied_at is null or is_of_other_rules as is_new,
    coalesce(l.unresolved_attempted_at < r.answered_at, true) as is_undated
from lml_resolution r
join library l on l.id = r.library_id and l.artist_name = r.artist_name
cross join lateral (
    select
        r.applied_at is not null
        and r.rules_version <> %(rules_version)s
        and r.reverted_at is null
        and (
            r.kind <> 'single_artist'
            or exists (select from library_identity i where i.library_id = r.library_id)
        ) as is_of_other_rules
) applied
where r.library_id between %(first)s and %(last)s
and r.answer is not null
and (
    r.applied_at is null
    or is_of_other_rules
    or (
        %(records_attempts)s
        and r.kind <> 'single_artist'
        and r.reverted_at is null
        and coalesce(l.unresolved_attempted_at < r.answered_at, true)
    )
)
order by r.library_id
