-- Returns the stored answers of a range that are still to be applied, and those of a narrower run
-- whose attempts are still to be dated.
select
    r.library_id,
    r.cohort,
    r.kind,
    r.is_matched,
    r.is_poisoned,
    r.null_confidences,
    r.applied_at is null as is_new,
    coalesce(l.unresolved_attempted_at < r.answered_at, true) as is_undated
from lml_resolution r
join library l on l.id = r.library_id and l.artist_name = r.artist_name
where r.library_id between %(first)s and %(last)s
and r.answer is not null
and (
    r.applied_at is null
    or (
        %(records_attempts)s
        and r.kind <> 'single_artist'
        and r.reverted_at is null
        and coalesce(l.unresolved_attempted_at < r.answered_at, true)
    )
)
order by r.library_id
