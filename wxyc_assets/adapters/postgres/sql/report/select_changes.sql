-- Returns what happened to records and identities since a moment: one row per record and change.
with known as (
    select
        l.id,
        l.artist_name,
        l.album_title,
        l.add_date,
        l.last_modified,
        g.genre_name,
        i.library_id is not null as is_identified,
        i.method,
        i.confidence,
        r.artist_name as asked_name,
        r.kind,
        r.previous_kind,
        r.applied_at,
        r.reverted_at
    from library l
    join genres g on g.id = l.genre_id
    left join library_identity i on i.library_id = l.id
    left join lml_resolution r on r.library_id = l.id
),
change as (
    select id, 'new_record' as change, add_date as at, null as detail
    from known
    where add_date >= %(since)s
    union all
    select id, 'found', applied_at, method || ' ' || round(confidence::numeric, 2)
    from known
    where is_identified
    and kind = 'single_artist'
    and previous_kind is distinct from 'single_artist'
    and applied_at >= %(since)s
    and add_date < %(since)s
    union all
    select id, 'lost', greatest(applied_at, reverted_at), null
    from known
    where not is_identified
    and kind = 'single_artist'
    and applied_at is not null
    union all
    select
        k.id,
        'changed',
        max(h.superseded_at),
        string_agg(
            h.method || ' ' || round(h.confidence::numeric, 2),
            ' -> ' order by h.superseded_at, h.history_id
        ) || ' -> ' || k.method || ' ' || round(k.confidence::numeric, 2)
    from library_identity_history h
    join known k on k.id = h.library_id
    where h.superseded_at >= %(since)s
    and k.is_identified
    group by k.id, k.method, k.confidence
    union all
    select id, 'edited', last_modified, asked_name || ' -> ' || coalesce(artist_name, '')
    from known
    where asked_name is distinct from artist_name
    and asked_name is not null
    and last_modified >= %(since)s
)
select
    c.change,
    k.id as library_id,
    k.artist_name,
    k.album_title,
    k.genre_name,
    c.at,
    c.detail
from change c
join known k on k.id = c.id
union all
select
    'withdrawn',
    d.library_id,
    r.artist_name,
    null,
    null,
    d.deleted_at,
    null
from library_delete_denylist d
left join lml_resolution r on r.library_id = d.library_id
where d.deleted_at >= %(since)s
and not exists (select from library l where l.id = d.library_id)
order by change, library_id
