-- Returns one row: records found due and resolved, albums looked up and covers written since a moment.
select
    (
        select count(*)
        from library_candidate c
        where c.due_at >= %(since)s
    ) as due,
    (
        select count(*)
        from library_candidate c
        join lml_resolution r on r.library_id = c.library_id
        where c.due_at >= %(since)s
        and r.applied_at >= c.due_at
    ) as resolved,
    (
        select count(*)
        from artwork_lookup a
        where a.looked_up_at >= %(since)s
    ) as looked_up,
    (
        select count(*)
        from artwork_lookup a
        where a.looked_up_at >= %(since)s
        and a.outcome = 'cover'
        and a.applied_at is not null
    ) as covers
