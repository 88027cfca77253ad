-- Returns one record with everything that the tables hold about it.
select
    l.id as library_id,
    l.artist_name,
    l.album_title,
    l.legacy_release_id,
    l.code_volume_letters,
    l.canonical_entity_id,
    l.unresolved_attempted_at,
    exists (select from compilation_track_artist t where t.library_id = l.id) as has_credits,
    (
        select count(*)
        from compilation_track_artist t
        where t.library_id = l.id
        and t.track_artist_link_method is not null
    ) as linked_credits,
    (
        select jsonb_build_object('reason', c.reason, 'due_at', c.due_at, 'run_id', c.run_id)
        from library_candidate c
        where c.library_id = l.id
    ) as candidate,
    (
        select to_jsonb(r) || jsonb_build_object('is_about_this_artist', r.artist_name = l.artist_name)
        from lml_resolution r
        where r.library_id = l.id
    ) as resolution,
    (
        select jsonb_strip_nulls(to_jsonb(i))
        from library_identity i
        where i.library_id = l.id
    ) as identity,
    (
        select jsonb_agg(jsonb_strip_nulls(to_jsonb(s)) order by s.source)
        from library_identity_source s
        where s.library_id = l.id
    ) as sources,
    (
        select jsonb_agg(jsonb_strip_nulls(to_jsonb(h)) order by h.superseded_at)
        from library_identity_history h
        where h.library_id = l.id
    ) as history,
    l.artwork_url,
    (
        select to_jsonb(a)
        from artwork_lookup a
        where a.library_id = l.id
    ) as cover_lookup,
    i.last_verified_at as verified_at,
    library_cohort(
        l.code_volume_letters,
        exists (select from compilation_track_artist t where t.library_id = l.id)
    ) as cohort,
    unidentified_at(
        case when r.is_rejected then 'unresolved' else r.kind end, r.refusal, r.answered_at
    ) as unidentified_at,
    r.ask_again_at is not null as is_wanted_again,
    now() as now
from library l
left join library_identity i on i.library_id = l.id
left join lml_resolution r on r.library_id = l.id and r.artist_name = l.artist_name
where l.id = %(library_id)s
