-- Doubts identities that were replaced by those of somebody else twice or more. An identity of which
-- an id stayed is still the same artist's.
with identity as (
    select library_id, 'infinity'::timestamptz as until, wikidata_qid, spotify_id, apple_music_id
    from library_identity
    where library_id in (select library_id from library_identity_history)
    and not (method = 'manual' and notes is distinct from %(mark)s)
    union all
    select library_id, superseded_at, wikidata_qid, spotify_id, apple_music_id
    from library_identity_history
),
step as (
    select
        library_id,
        until,
        coalesce(
            wikidata_qid = lead(wikidata_qid) over successors
            or spotify_id = lead(spotify_id) over successors
            or apple_music_id = lead(apple_music_id) over successors,
            false
        ) as is_same_artist
    from identity
    window successors as (partition by library_id order by until)
)
insert into library_doubts
    (library_id, reason, severity, evidence, found_at, run_id)
select
    s.library_id,
    'changed_mind',
    %(changed_mind_severity)s,
    concat(
        'it became somebody else''s ', count(*), ' times, the last time on ',
        to_char(max(s.until) at time zone 'UTC', 'YYYY-MM-DD')
    ),
    coalesce(%(now)s::timestamptz, now()),
    %(run_id)s
from step s
join library_identity i on i.library_id = s.library_id
where s.until < 'infinity'
and not s.is_same_artist
and not (i.method = 'manual' and i.notes is distinct from %(mark)s)
group by s.library_id
having count(*) > 1
on conflict (library_id, reason) do update set
    severity = excluded.severity,
    evidence = excluded.evidence,
    run_id = excluded.run_id
