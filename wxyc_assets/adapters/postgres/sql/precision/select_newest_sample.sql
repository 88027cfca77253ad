-- Returns the newest sample that has a label.
select s.sample_id, s.seed, s.drawn_at, s.lml_version, s.lml_commit
from precision_sample s
where exists (select from verdict v where v.sample_id = s.sample_id)
order by s.drawn_at desc, s.sample_id
limit 1
