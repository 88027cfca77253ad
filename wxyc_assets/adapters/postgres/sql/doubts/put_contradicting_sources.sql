-- Doubts identities with an id that was given together with another id elsewhere: in another identity,
-- in an earlier one, or in LML's stored answer.
with stored as materialized (
    select s.library_id, s.source, s.external_id
    from library_identity_source s
),
earlier as (
    select h.history_id, each.source, each.external_id
    from library_identity_history h
    cross join lateral (
        values
            ('wikidata', h.wikidata_qid),
            ('spotify', h.spotify_id),
            ('apple_music', h.apple_music_id)
    ) each (source, external_id)
    where each.external_id is not null
),
answered as (
    select r.library_id, each.value ->> 'source' as source, each.value ->> 'external_id' as external_id
    from lml_resolution r
    cross join lateral jsonb_array_elements(
        case jsonb_typeof(r.answer -> 'provenance')
            when 'array' then r.answer -> 'provenance'
            else '[]'
        end
    ) each
    where r.kind = 'single_artist'
    and each.value ->> 'external_id' is not null
),
-- Most answers say what is stored.
answered_otherwise as materialized (
    select each.*
    from answered each
    where each.library_id in (
        select a.library_id
        from answered a
        left join stored s
            on s.library_id = a.library_id
            and s.source = a.source
            and s.external_id = a.external_id
        where s.library_id is null
    )
),
pair as (
    select a.source, a.external_id, b.source as other_source, b.external_id as other_id
    from stored a
    join stored b on b.library_id = a.library_id and b.source <> a.source
    union all
    select a.source, a.external_id, b.source, b.external_id
    from earlier a
    join earlier b on b.history_id = a.history_id and b.source <> a.source
    union all
    select a.source, a.external_id, b.source, b.external_id
    from answered_otherwise a
    join answered_otherwise b on b.library_id = a.library_id and b.source <> a.source
),
contradiction as materialized (
    select
        source,
        external_id,
        other_source,
        min(other_id collate "C") as first_id,
        max(other_id collate "C") as last_id
    from pair
    group by source, external_id, other_source
    having min(other_id collate "C") <> max(other_id collate "C")
),
doubtful as (
    select
        a.library_id,
        c.source,
        c.external_id,
        c.other_source,
        b.external_id as other_id,
        case b.external_id collate "C" when c.first_id then c.last_id else c.first_id end
            as elsewhere
    from contradiction c
    join stored a on a.source = c.source and a.external_id = c.external_id
    join stored b on b.library_id = a.library_id and b.source = c.other_source
    join library_identity i on i.library_id = a.library_id
    where not (i.method = 'manual' and i.notes is distinct from %(mark)s)
)
insert into library_doubts
    (library_id, reason, severity, evidence, found_at, run_id)
select
    library_id,
    'contradicting_sources',
    %(contradicting_sources_severity)s,
    string_agg(
        concat(
            source, ' ', external_id, ' comes with ', other_source, ' ', other_id,
            ' here, and with ', elsewhere, ' elsewhere'
        ),
        '; ' order by source, other_source
    ),
    coalesce(%(now)s::timestamptz, now()),
    %(run_id)s
from doubtful
group by library_id
on conflict (library_id, reason) do update set
    severity = excluded.severity,
    evidence = excluded.evidence,
    run_id = excluded.run_id
