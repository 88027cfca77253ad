-- Brings back the links and positions of credits before some entries of the journal, as changes of a
-- run; a credit that was changed since stays. An artist that was deleted since stays unlinked.
with said as (
    select
        c.library_id,
        c.decided_at,
        (b.said ->> 0)::int as id,
        (b.said ->> 1)::int as artist_id,
        (b.said ->> 2)::real as confidence,
        b.said ->> 3 as method,
        b.said ->> 4 as track_position,
        (b.said ->> 5)::bigint as fingerprint
    from library_journal c
    cross join lateral jsonb_array_elements(c.before) b (said)
    where c.entry = any(%(entries)s)
),
reverted as (
    update compilation_track_artist t
    set
        track_artist_id = a.id,
        track_artist_link_confidence = s.confidence,
        track_artist_link_method = s.method,
        track_position = s.track_position
    from said s
    join compilation_track_artist replaced on replaced.id = s.id
    left join artists a on a.id = s.artist_id
    where t.id = s.id
    and t.library_id = s.library_id
    and credit_fingerprint(
        t.track_artist_id, t.track_artist_link_confidence, t.track_artist_link_method,
        t.track_position
    ) = s.fingerprint
    returning
        t.library_id,
        s.decided_at,
        jsonb_build_array(
            t.id,
            replaced.track_artist_id,
            replaced.track_artist_link_confidence,
            replaced.track_artist_link_method,
            replaced.track_position,
            credit_fingerprint(
                t.track_artist_id, t.track_artist_link_confidence, t.track_artist_link_method,
                t.track_position
            )
        ) as before
)
insert into library_journal (library_id, subject, run_id, changed_at, decided_at, before)
select
    library_id, 'credits', %(run_id)s, coalesce(%(now)s::timestamptz, now()), min(decided_at),
    jsonb_agg(before)
from reverted
group by library_id
