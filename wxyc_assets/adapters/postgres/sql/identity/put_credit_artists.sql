-- Links compilation credits to artists by the tracks that LML matched, and journals the previous
-- links; returns counts.
with entry as (
    select
        r.library_id,
        r.answered_at,
        t.place,
        t.said ->> 'artist_name' as artist_name,
        t.said ->> 'track_title' as track_title,
        t.said ->> 'track_position' as track_position,
        t.said ->> 'resolved_artist_name' as resolved_artist_name,
        case jsonb_typeof(t.said -> 'confidence')
            when 'number' then (t.said ->> 'confidence')::numeric
        end as confidence
    from lml_resolution r
    cross join lateral jsonb_array_elements(
        case jsonb_typeof(r.answer -> 'tracks') when 'array' then r.answer -> 'tracks' else '[]' end
    ) with ordinality t (said, place)
    where r.library_id = any(%(library_ids)s)
),
named as (
    select *, track_title is null as is_untitled, coalesce(track_title, '') as title
    from entry
    where artist_name is not null
    and resolved_artist_name is not null
),
deciding as (
    select distinct on (library_id, artist_name, is_untitled, title) *
    from named
    order by library_id, artist_name, is_untitled, title, place desc
),
position_offered as (
    select
        library_id,
        artist_name,
        is_untitled,
        title,
        count(distinct track_position) as positions,
        min(track_position) as track_position
    from named
    group by library_id, artist_name, is_untitled, title
),
catalogued as materialized (
    select n.resolved_artist_name, found.artist_id
    from (select distinct resolved_artist_name from deciding) n
    cross join lateral (
        select case when count(*) = 1 then min(a.id) end as artist_id
        from artists a
        where fold_artist_name(a.artist_name::text) = fold_artist_name(n.resolved_artist_name)
    ) found
),
credit as materialized (
    select *, track_title is null as is_untitled, coalesce(track_title, '') as title
    from compilation_track_artist
    where library_id = any(%(library_ids)s)
),
wanted as (
    select
        c.id,
        d.library_id,
        d.answered_at,
        c.track_artist_id as old_artist_id,
        c.track_artist_link_confidence as old_confidence,
        c.track_artist_link_method as old_method,
        c.track_position as old_position,
        c.track_artist_link_method = 'librarian' as is_librarians,
        k.artist_id,
        case when d.confidence between 0 and 1 then d.confidence::real end as confidence,
        coalesce(d.confidence not between 0 and 1, false) as is_out_of_range,
        p.positions,
        case
            when c.track_position is null and p.positions = 1 and length(p.track_position) <= 20
            then p.track_position
        end as new_position,
        c.id is not null and c.track_position is null and p.positions > 1 as is_ambiguous,
        (c.track_artist_id, c.track_artist_link_confidence, c.track_artist_link_method)
            is distinct from (
                k.artist_id,
                case when d.confidence between 0 and 1 then d.confidence::real end,
                'lml_backfill'
            ) as is_relinked
    from deciding d
    left join catalogued k on k.resolved_artist_name = d.resolved_artist_name
    left join position_offered p
        on p.library_id = d.library_id
        and p.artist_name = d.artist_name
        and p.is_untitled = d.is_untitled
        and p.title = d.title
    left join credit c
        on c.library_id = d.library_id
        and c.artist_name = d.artist_name
        and c.is_untitled = d.is_untitled
        and c.title = d.title
),
written as (
    update compilation_track_artist c
    set
        track_artist_id = w.artist_id,
        track_artist_link_confidence = w.confidence,
        track_artist_link_method = 'lml_backfill',
        track_position = coalesce(c.track_position, w.new_position)
    from wanted w
    where c.id = w.id
    and c.library_id = any(%(library_ids)s)
    and not coalesce(w.is_librarians, false)
    and (w.is_relinked or w.new_position is not null)
    -- What somebody has changed since this statement began is theirs.
    and (
        c.track_artist_id, c.track_artist_link_confidence, c.track_artist_link_method,
        c.track_position
    ) is not distinct from (w.old_artist_id, w.old_confidence, w.old_method, w.old_position)
    returning
        c.id,
        c.library_id,
        w.answered_at,
        w.new_position is not null as has_new_position,
        jsonb_build_array(
            c.id, w.old_artist_id, w.old_confidence, w.old_method, w.old_position,
            credit_fingerprint(
                c.track_artist_id, c.track_artist_link_confidence, c.track_artist_link_method,
                c.track_position
            )
        ) as before
),
journal as (
    insert into library_journal
        (library_id, subject, run_id, changed_at, decided_at, before)
    select
        library_id,
        'credits',
        %(run_id)s,
        coalesce(%(now)s::timestamptz, now()),
        min(answered_at),
        jsonb_agg(before)
    from written
    group by library_id
    order by library_id
)
select
    count(*) filter (where w.id is null) as tracks_without_credit,
    count(*) filter (where w.is_librarians) as tracks_librarian,
    count(*) filter (where w.id is not null and not coalesce(w.is_librarians, false))
        - (select count(*) from written) as tracks_unchanged,
    (select count(*) from written) as tracks_written,
    count(*) filter (where w.id is not null and w.artist_id is null) as tracks_without_artist,
    (select count(*) from written where has_new_position) as positions_written,
    count(*) filter (where w.is_ambiguous and not coalesce(w.is_librarians, false))
        as positions_ambiguous,
    count(*) filter (where w.is_out_of_range) as confidences_out_of_range,
    (select count(*) from entry where resolved_artist_name is null) as tracks_unresolved,
    count(*) as track_keys
from wanted w
