-- Deletes doubts about covers that a person confirmed or gave. (An identity that a person decided is not
-- doubted to begin with.)
delete from library_doubts d
using library l, chosen_value c
where l.id = d.library_id
and c.legacy_release_id = l.legacy_release_id
and c.topic = 'cover'
and c.value = l.artwork_url
and d.reason = any(%(reasons)s)
