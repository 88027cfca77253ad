-- Locks and returns the records of a batch whose cover is not what people decided; null removes it.
-- Without this the statement trigger on library would fire for an UPDATE of no rows, too.
select l.id as library_id, c.value as url
from library l
left join chosen_value c on c.legacy_release_id = l.legacy_release_id and c.topic = 'cover'
where l.id = any(%(library_ids)s)
and (
    l.artwork_url is distinct from c.value and c.value is not null
    or c.value is null and exists (
        select
        from rejected_value v
        where v.legacy_release_id = l.legacy_release_id
        and v.topic = 'cover'
        and v.value = l.artwork_url
    )
)
order by l.id
for no key update of l
