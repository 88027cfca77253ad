-- Returns the records of a range, those with an identity, those with an answer of LML, and those whose
-- answer was reverted.
select
    count(*) as records,
    count(i.library_id) as identities,
    count(r.library_id) as answers,
    count(r.reverted_at) as reverted
from library l
left join library_identity i on i.library_id = l.id
left join lml_resolution r on r.library_id = l.id
where l.id between %(first)s and %(last)s
