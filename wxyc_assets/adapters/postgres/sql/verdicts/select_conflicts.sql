-- Returns decisions that another person's later one overruled: about the same value, or by choosing
-- another value.
select
    coalesce(l.id, mine.library_id) as library_id,
    mine.topic,
    mine.value as overruled_value,
    mine.decision as overruled_decision,
    mine.decided_by as overruled_by,
    theirs.value,
    theirs.decision,
    theirs.decided_by
from verdict mine
join standing_verdict theirs
    on theirs.legacy_release_id = mine.legacy_release_id
    and theirs.topic = mine.topic
    and theirs.decided_by <> mine.decided_by
    and (theirs.decided_at, theirs.verdict_id) > (mine.decided_at, mine.verdict_id)
    and mine.decision <> 'later'
    and case
        when theirs.value = mine.value
            then (theirs.decision in ('confirm', 'replace'))
                <> (mine.decision in ('confirm', 'replace'))
        else theirs.decision in ('confirm', 'replace') and mine.decision in ('confirm', 'replace')
    end
left join library l on l.legacy_release_id = mine.legacy_release_id
order by library_id, mine.topic, mine.decided_at, mine.verdict_id, theirs.decided_at
