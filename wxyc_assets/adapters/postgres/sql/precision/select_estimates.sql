-- Returns what was measured on the newest measured sample, by subject.
with newest as (
    select s.sample_id, s.drawn_at
    from precision_sample s
    where exists (select from precision_estimate e where e.sample_id = s.sample_id)
    order by s.drawn_at desc, s.sample_id
    limit 1
)
select
    e.subject, n.drawn_at, e.precision, e.low, e.high, e.labelled, e.right_labels, e.population,
    e.represented
from precision_estimate e
join newest n on n.sample_id = e.sample_id
order by e.subject desc
