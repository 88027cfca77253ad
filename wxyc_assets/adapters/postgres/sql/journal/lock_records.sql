-- Locks the records of a batch with their identities, sources and credits, so that what is compared
-- is what is reverted; returns how many rows these are.
with record as materialized (
    select 1
    from library
    where id = any(%(library_ids)s)
    order by id
    for update
),
identity as materialized (
    select 1
    from library_identity
    where library_id = any(%(library_ids)s)
    order by library_id
    for update
),
source as materialized (
    select 1
    from library_identity_source
    where library_id = any(%(library_ids)s)
    order by library_id, source
    for update
),
credit as materialized (
    select 1
    from compilation_track_artist
    where library_id = any(%(library_ids)s)
    order by id
    for update
)
select
    (select count(*) from record)
    + (select count(*) from identity)
    + (select count(*) from source)
    + (select count(*) from credit) as locked
