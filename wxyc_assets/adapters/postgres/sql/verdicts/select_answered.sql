-- Returns the records of a batch that an applied answer may identify again: those that changed, and
-- those where a rejection or a choice was withdrawn.
select r.library_id
from lml_resolution r
join library l on l.id = r.library_id and l.artist_name = r.artist_name
where r.library_id = any(%(library_ids)s)
and r.kind = 'single_artist'
and r.applied_at is not null
and r.reverted_at is null
and (
    r.library_id = any(%(changed_ids)s)
    or exists (
        select
        from standing_verdict s
        join verdict v
            on v.legacy_release_id = s.legacy_release_id
            and v.topic = s.topic
            and v.value = s.value
        where s.legacy_release_id = l.legacy_release_id
        and s.decision <> 'reject'
        and v.decision = 'reject'
    )
)
order by r.library_id
