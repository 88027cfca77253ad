-- Doubts covers of a release that does not belong to the album, if another format of it has one that
-- does: all pressings of an album share a master on Discogs.
with result as (
    select
        l.id as library_id,
        each.value #>> '{library_item,id}' = l.legacy_release_id::text as is_own,
        each.value #>> '{artwork,release_id}' as release_id,
        each.value #>> '{artwork,master_id}' as master_id
    from library l
    join artists a on a.id = l.artist_id
    join artwork_lookup k on k.library_id = l.id and k.url = l.artwork_url
    cross join lateral jsonb_array_elements(k.answer -> 'results') each
    where k.outcome = 'cover'
    and not k.is_raced
    and jsonb_array_length(k.answer -> 'results') > 1
    and each.value #>> '{artwork,master_id}' is not null
    and fold_artist_name(each.value #>> '{library_item,title}') = fold_artist_name(l.album_title)
    and fold_artist_name(each.value #>> '{library_item,artist}') = fold_artist_name(a.artist_name)
),
compared as (
    select
        *,
        max(release_id) filter (where is_own) over record as own_release_id,
        max(master_id) filter (where is_own) over record as own_master_id
    from result
    window record as (partition by library_id)
)
insert into library_doubts
    (library_id, reason, severity, evidence, found_at, run_id)
select
    library_id,
    'other_release',
    %(other_release_severity)s,
    concat(
        'its cover is that of release ', min(own_release_id), ' of master ', min(own_master_id),
        '; another format of the album is of master ', min(master_id)
    ),
    coalesce(%(now)s::timestamptz, now()),
    %(run_id)s
from compared
where not is_own
and master_id <> own_master_id
group by library_id
on conflict (library_id, reason) do update set
    severity = excluded.severity,
    evidence = excluded.evidence,
    run_id = excluded.run_id
