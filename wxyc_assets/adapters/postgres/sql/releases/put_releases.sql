-- Stores the releases that follow from the kept answers of a range, and removes those that do not any
-- more, or whose record is gone or named otherwise now. Returns how many rows changed, and the rows then.
with given as materialized (
    select *
    from jsonb_to_recordset(%(releases)s) as g (
        library_id int, release_id int, artist_name text, album_title text, confidence float8,
        canonical_entity text, streaming jsonb, answered_at timestamptz
    )
),
removed as (
    delete from library_release r
    where r.library_id between %(first)s and %(last)s
    and (
        r.library_id = any(%(withdrawn)s)
        or not exists (
            select
            from artwork_lookup k
            join library l
                on l.id = k.library_id
                and l.album_title = k.album_title
                and l.legacy_release_id = k.legacy_release_id
            join artists a on a.id = l.artist_id and a.artist_name = k.artist_name
            where k.library_id = r.library_id
        )
    )
    returning r.library_id
),
put as (
    insert into library_release as r (
        library_id, release_id, artist_name, album_title, confidence, canonical_entity, streaming,
        rules_version, answered_at, derived_at, run_id
    )
    select
        library_id, release_id, artist_name, album_title, confidence, canonical_entity, streaming,
        %(rules_version)s, answered_at, coalesce(%(now)s::timestamptz, now()), %(run_id)s
    from given
    order by library_id
    on conflict (library_id) do update set
        release_id = excluded.release_id,
        artist_name = excluded.artist_name,
        album_title = excluded.album_title,
        confidence = excluded.confidence,
        canonical_entity = excluded.canonical_entity,
        streaming = excluded.streaming,
        rules_version = excluded.rules_version,
        answered_at = excluded.answered_at,
        derived_at = excluded.derived_at,
        run_id = excluded.run_id,
        written_at = case when r.release_id = excluded.release_id then r.written_at end,
        written_by = case when r.release_id = excluded.release_id then r.written_by end
    where (
        r.release_id, r.artist_name, r.album_title, r.confidence, r.canonical_entity, r.streaming,
        r.rules_version, r.answered_at
    ) is distinct from (
        excluded.release_id, excluded.artist_name, excluded.album_title, excluded.confidence,
        excluded.canonical_entity, excluded.streaming, excluded.rules_version, excluded.answered_at
    )
    returning r.library_id
)
select
    (select count(*) from put) as written,
    (select count(*) from removed) as removed,
    (
        -- The statement does not see its own rows.
        select count(distinct library_id)
        from (
            select library_id from library_release where library_id between %(first)s and %(last)s
            union all
            select library_id from put
            except
            select library_id from removed
        ) rows_then
    ) as releases
