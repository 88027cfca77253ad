-- Returns one row: ranges that hold records, those of them that an identity run has completed, and the
-- oldest of these completions. A run of the widened scope completes the narrow one, too.
with id_range as (
    select first_id, last_id
    from unnest(%(firsts)s::int[], %(lasts)s::int[]) as r (first_id, last_id)
    where exists (select from library l where l.id between first_id and last_id)
),
completed as (
    select r.first_id, max(c.completed_at) as completed_at
    from id_range r
    join library_range_run c on c.first_id = r.first_id and c.last_id = r.last_id
    where c.pipeline = 'identity'
    and (c.is_wide or not %(is_wide)s)
    group by r.first_id
)
select
    (select count(*) from id_range) as ranges,
    (select count(*) from completed) as ranges_completed,
    (select min(completed_at) from completed) as completed_at
