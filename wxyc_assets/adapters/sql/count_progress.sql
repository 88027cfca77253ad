select
    count(*) as due,
    count(*) filter (where r.applied_at >= c.due_at) as done
from library_candidate c
left join lml_resolution r on r.library_id = c.library_id
where c.due_at >= %(since)s
