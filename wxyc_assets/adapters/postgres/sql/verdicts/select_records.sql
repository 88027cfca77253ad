-- Returns where the records of verdicts are now: by their legacy release id, or by the id given; and
-- whether the denylist knows the record as deleted.
select
    said.place,
    l.id as library_id,
    coalesce(l.legacy_release_id, d.legacy_release_id) as legacy_release_id,
    d.library_id as deleted_id
from jsonb_to_recordset(%(records)s) as said (place int, library_id int, legacy_release_id int)
left join library l
    on case
        when said.legacy_release_id is null then l.id = said.library_id
        else l.legacy_release_id = said.legacy_release_id
    end
left join library_delete_denylist d
    on d.library_id = said.library_id
    and (said.legacy_release_id is null or d.legacy_release_id = said.legacy_release_id)
order by said.place
