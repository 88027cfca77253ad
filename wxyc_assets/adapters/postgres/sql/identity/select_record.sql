-- Returns one record with everything that the tables hold about it, and what a run over its range does
-- about its cover.
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
    (
        select jsonb_agg(to_jsonb(v) order by v.decided_at, v.verdict_id)
        from verdict v
        where v.legacy_release_id = l.legacy_release_id
    ) as verdicts,
    l.artwork_url,
    (
        select to_jsonb(k)
        from artwork_lookup k
        where k.library_id = l.id
    ) as cover_lookup,
    (
        select to_jsonb(e)
        from library_release e
        where e.library_id = l.id
    ) as release,
    (
        select jsonb_agg(to_jsonb(d) - 'library_id' order by d.decided_at)
        from superseded_decision d
        where d.library_id = l.id
    ) as superseded,
    (
        select jsonb_agg(
            jsonb_build_object(
                'subject', j.subject,
                'run_id', j.run_id,
                'changed_at', j.changed_at,
                'is_empty_after', j.after = value_fingerprint(null::text),
                'reverted_run_id', v.reverted_run_id
            )
            order by j.entry
        )
        from library_journal j
        left join library_revert v on v.run_id = j.run_id
        where j.library_id = l.id
    ) as journal,
    (
        select jsonb_agg(to_jsonb(d) order by d.reason)
        from library_doubts d
        where d.library_id = l.id
    ) as doubts,
    i.last_verified_at as verified_at,
    library_cohort(
        l.code_volume_letters,
        exists (select from compilation_track_artist t where t.library_id = l.id)
    ) as cohort,
    unidentified_at(
        case when r.is_rejected then 'unresolved' else r.kind end, r.refusal, r.answered_at,
        r.reverted_at
    ) as unidentified_at,
    r.ask_again_at is not null as is_wanted_again,
    r.reverted_at is not null as is_reverted,
    (
        select max(completed_at)
        from library_range_run
        where pipeline = 'identity'
        and l.id between first_id and last_id
    ) as identities_completed_at,
    (
        select max(completed_at)
        from library_range_run
        where pipeline = 'artwork'
        and l.id between first_id and last_id
    ) as covers_completed_at,
    case
        when l.artwork_url is not null then 'none'
        when not coalesce(
            wants_cover(
                %(eligibility)s::text,
                a.artist_name,
                l.album_title,
                a.discogs_artist_id,
                l.discogs_unavailable,
                exists (
                    select from library_identity_source s
                    where s.library_id = l.id
                    and s.source = 'discogs'
                )
            ),
            false
        ) then 'not_wanted'
        when k.ask_again_at is not null then 'due'
        when k.is_of_other_rules
            and k.reverted_at is null
            and k.answer is not null
            and k.outcome not in ('unknown', 'unconfirmed')
            and k.looked_up_at > now() - %(retry_window)s
            then 'to_decide'
        when k.is_of_other_rules and k.reverted_at is null then 'due'
        when k.outcome = 'unconfirmed' and k.looked_up_at > now() - %(retry_window)s
        then 'unconfirmed'
        else lookup_state(
            k.outcome, k.looked_up_at, k.applied_at, k.write_error, k.reverted_at,
            now() - %(retry_window)s
        )
    end as cover_step,
    coalesce(k.reverted_at, k.looked_up_at) + %(retry_window)s as cover_due_at,
    now() as now
from library l
left join artists a on a.id = l.artist_id
left join library_identity i on i.library_id = l.id
left join lml_resolution r on r.library_id = l.id and r.artist_name = l.artist_name
left join (
    select
        *,
        not lookup_counts(
            coalesce(outcome_if_confirmed, outcome), confidence, match,
            %(match)s, %(least_confidence)s
        )
        or (answer is not null and rules_version <> %(rules_version)s) as is_of_other_rules
    from artwork_lookup
) k
    on k.library_id = l.id
    and k.artist_name = a.artist_name
    and k.album_title = l.album_title
    and k.legacy_release_id = l.legacy_release_id
where l.id = %(library_id)s
