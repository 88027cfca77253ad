-- Replaces the candidates of a range by the records that are due now; those that this run found due
-- before stay, because a queue may start a step a second time when its answers are in.
with due as (
    select *
    from jsonb_to_recordset(%(due)s) as d (
        library_id int, cohort text, reason text, artist_name text, album_title text,
        legacy_release_id int
    )
),
gone as (
    delete from library_candidate c
    where c.library_id between %(first)s and %(last)s
    and c.run_id <> %(run_id)s
    and not exists (select from due d where d.library_id = c.library_id)
)
insert into library_candidate
    (library_id, cohort, reason, artist_name, album_title, legacy_release_id, due_at, run_id)
select
    library_id, cohort, reason, artist_name, album_title, legacy_release_id,
    coalesce(%(now)s::timestamptz, now()), %(run_id)s
from due
on conflict (library_id) do update set
    cohort = excluded.cohort,
    reason = excluded.reason,
    artist_name = excluded.artist_name,
    album_title = excluded.album_title,
    legacy_release_id = excluded.legacy_release_id,
    due_at = excluded.due_at,
    run_id = excluded.run_id
