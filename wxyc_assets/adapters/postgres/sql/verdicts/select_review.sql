-- Returns the doubtful records that are most worth a look, by severity and plays, with what is written
-- about them; not those of which a person has already decided everything that is doubted.
with weight as (
    select *
    from unnest(%(severities)s::text[], %(weights)s::int[]) as w (severity, weight)
),
doubt as (
    select
        d.library_id,
        bool_or(d.reason = any(%(cover_reasons)s)) as is_of_cover,
        bool_or(d.reason <> all(%(cover_reasons)s)) as is_of_identity,
        max(d.plays) as plays,
        sum(w.weight) as weight,
        jsonb_agg(
            jsonb_build_object('reason', d.reason, 'evidence', d.evidence)
            order by w.weight desc, d.reason
        ) as doubts
    from library_doubts d
    join weight w on w.severity = d.severity
    group by d.library_id
),
candidate as (
    select d.library_id, s.source as topic, s.external_id as value
    from doubt d
    join library_identity_source s on s.library_id = d.library_id
    where d.is_of_identity
    and s.source = any(%(sources)s)
    union all
    select d.library_id, 'cover', l.artwork_url
    from doubt d
    join library l on l.id = d.library_id
    where d.is_of_cover
    and l.artwork_url is not null
),
undecided as (
    select
        l.id as library_id,
        jsonb_agg(jsonb_build_array(c.topic, c.value) order by c.topic = 'cover', c.topic)
            as candidates
    from candidate c
    join library l on l.id = c.library_id
    left join standing_verdict v
        on v.legacy_release_id = l.legacy_release_id
        and v.topic = c.topic
        and v.value = c.value
    where coalesce(v.decision, 'later') = 'later'
    group by l.id
)
select
    l.id as library_id,
    l.legacy_release_id,
    coalesce(l.artist_name, a.artist_name) as artist_name,
    l.album_title,
    d.plays,
    d.doubts,
    u.candidates
from undecided u
join doubt d on d.library_id = u.library_id
join library l on l.id = u.library_id
join artists a on a.id = l.artist_id
order by d.weight * (1 + coalesce(d.plays, 0)) desc, l.id
limit %(most)s
