-- Returns the first units of each stratum in an order that the seed decides: identities and covers that
-- are there now, each with the size and the mean confidence of its stratum.
with cohort as (
    select
        l.id as library_id,
        l.legacy_release_id,
        l.artwork_url,
        library_cohort(
            l.code_volume_letters,
            exists (select from compilation_track_artist t where t.library_id = l.id)
        ) as cohort
    from library l
),
source as (
    select
        library_id,
        array_agg(source order by source) as topics,
        array_agg(external_id order by source) as shown_values
    from library_identity_source
    where source = any(%(sources)s)
    group by library_id
),
unit as (
    select
        'identity' as subject,
        c.library_id,
        c.legacy_release_id,
        c.cohort,
        i.method,
        i.confidence::numeric as confidence,
        s.topics,
        s.shown_values
    from library_identity i
    join cohort c on c.library_id = i.library_id
    join source s on s.library_id = i.library_id
    union all
    select
        'cover',
        c.library_id,
        c.legacy_release_id,
        c.cohort,
        case when k.library_id is null then 'other' else 'lookup' end,
        k.confidence::real::numeric,
        array['cover'],
        array[c.artwork_url::text]
    from cohort c
    left join artwork_lookup k
        on k.library_id = c.library_id
        and k.outcome = 'cover'
        and k.applied_at is not null
        and not k.is_raced
        and k.url = c.artwork_url
    where c.artwork_url is not null
),
banded as (
    select
        unit.*,
        coalesce((floor(confidence * 10) / 10)::numeric(2, 1)::text, 'none') as band
    from unit
    where subject = any(%(subjects)s)
),
ranked as (
    select
        banded.*,
        count(*) over stratum as population,
        (avg(confidence) over stratum)::float8 as claimed,
        row_number() over (
            partition by subject, method, band, cohort
            order by md5(%(seed)s::text || ':' || subject || ':' || legacy_release_id)
        ) as place
    from banded
    window stratum as (partition by subject, method, band, cohort)
)
select
    subject, library_id, legacy_release_id, cohort, method, band, topics, shown_values, population,
    claimed, place
from ranked
where place <= %(most)s
order by subject, method, band, cohort, place
