-- Thins the coverage snapshots from before a moment: the last of each week and scope stays, and so does
-- the newest accepted one of each scope. Of other accepted ones the totals stay, which later snapshots
-- are compared with. Returns the number of snapshots that lost rows.
with snapshot as (
    select
        s.run_id,
        s.taken_at,
        a.run_id is not null as is_accepted,
        row_number() over (
            partition by s.is_wide, s.eligibility, date_trunc('week', s.taken_at, 'UTC')
            order by s.taken_at desc, s.run_id
        ) as place_in_week,
        row_number() over (
            partition by s.is_wide, s.eligibility, a.run_id is null
            order by s.taken_at desc, s.run_id
        ) as place
    from coverage_snapshot s
    left join coverage_acceptance a on a.run_id = s.run_id
    where s.dimension = 'all'
),
old as (
    select run_id, is_accepted
    from snapshot
    where taken_at < coalesce(%(now)s::timestamptz, now()) - %(window)s
    and place_in_week > 1
    and not (is_accepted and place = 1)
),
gone as (
    delete from coverage_snapshot s
    using old
    where s.run_id = old.run_id
    and not (old.is_accepted and s.dimension = 'all')
    returning s.run_id
)
select count(distinct run_id) as swept
from gone
