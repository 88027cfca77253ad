-- Marks lookups of a batch whose cover a person confirmed or replaced as raced: it is a person's now. Gives
-- those whose rejection was withdrawn back to the machine.
update artwork_lookup k
set
    outcome = 'cover',
    applied_at = case when k.outcome = 'cover' then k.applied_at end,
    is_raced = k.outcome = 'cover'
from library l
left join chosen_value c on c.legacy_release_id = l.legacy_release_id and c.topic = 'cover'
where k.library_id = any(%(library_ids)s)
and l.id = k.library_id
and case k.outcome
    when 'cover' then k.applied_at is not null and not k.is_raced and c.value is not null
    when 'rejected' then not exists (
        select
        from rejected_value v
        where v.legacy_release_id = k.legacy_release_id
        and v.topic = 'cover'
        and v.value = k.url
    )
end
