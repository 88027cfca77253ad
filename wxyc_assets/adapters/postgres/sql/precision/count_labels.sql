-- Returns the strata of a sample, each with its labels: a unit is wrong when one of its values is, and
-- right when all of them are. A value counts once its sample label is there; the newest verdict stands.
with value as (
    select u.subject, u.method, u.band, u.cohort, u.legacy_release_id, v.topic, v.value
    from precision_unit u
    cross join lateral unnest(u.topics, u.shown_values) v (topic, value)
    where u.sample_id = %(sample_id)s
),
judged as (
    select
        v.*,
        coalesce(s.decision = 'reject' or c.value <> v.value, false) as is_wrong,
        coalesce(s.decision in ('confirm', 'replace') and c.value = v.value, false) as is_right
    from value v
    left join standing_verdict s
        on s.legacy_release_id = v.legacy_release_id
        and s.topic = v.topic
        and s.value = v.value
    left join chosen_value c
        on c.legacy_release_id = v.legacy_release_id
        and c.topic = v.topic
    where exists (
        select
        from verdict l
        where l.sample_id = %(sample_id)s
        and l.legacy_release_id = v.legacy_release_id
        and l.topic = v.topic
    )
),
unit as (
    select
        v.subject,
        v.method,
        v.band,
        v.cohort,
        coalesce(bool_or(j.is_wrong), false) as is_wrong,
        bool_and(coalesce(j.is_right, false)) as is_right
    from value v
    left join judged j
        on j.subject = v.subject
        and j.legacy_release_id = v.legacy_release_id
        and j.topic = v.topic
    group by v.subject, v.method, v.band, v.cohort, v.legacy_release_id
)
select
    s.subject,
    s.method,
    s.band,
    s.cohort,
    s.population,
    s.claimed,
    count(*) filter (where u.is_right or u.is_wrong) as labelled,
    count(*) filter (where u.is_right and not u.is_wrong) as "right"
from precision_stratum s
left join unit u
    on (u.subject, u.method, u.band, u.cohort) = (s.subject, s.method, s.band, s.cohort)
where s.sample_id = %(sample_id)s
group by s.subject, s.method, s.band, s.cohort, s.population, s.claimed
order by s.subject desc, s.method, s.band, s.cohort
