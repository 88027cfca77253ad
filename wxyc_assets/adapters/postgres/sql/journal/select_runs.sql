-- Returns the newest runs in the journal, each with its records by subject.
select
    j.run_id,
    min(j.changed_at) as changed_at,
    count(distinct j.library_id) filter (where j.subject = 'identity') as identity,
    count(distinct j.library_id) filter (where j.subject = 'credits') as credits,
    count(distinct j.library_id) filter (where j.subject = 'attempt') as attempt,
    count(distinct j.library_id) filter (where j.subject = 'cover') as cover,
    r.reverted_run_id
from library_journal j
left join library_revert r on r.run_id = j.run_id
group by j.run_id, r.reverted_run_id
order by min(j.changed_at) desc
limit %(limit)s
