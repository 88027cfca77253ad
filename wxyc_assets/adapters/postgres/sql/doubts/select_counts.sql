-- Returns the counts of the newest two runs, the newest first.
select c.reason, c.records, c.judged, newest.place
from doubt_count c
join (
    select run_id, row_number() over (order by max(counted_at) desc, run_id) as place
    from doubt_count
    group by run_id
) newest on newest.run_id = c.run_id
where newest.place <= 2
