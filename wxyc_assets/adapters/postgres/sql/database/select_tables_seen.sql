-- Returns which of the tables and columns that we need first are there, and what our role lacks.
-- From the catalog, as search_path passes over a schema that the role may not use.
with found as (
    select
        c.relname as table_name,
        c.oid,
        case
            when not has_schema_privilege(n.oid, 'usage') then 'usage on schema ' || n.nspname
            when not has_table_privilege(c.oid, 'select')
                then 'select on ' || n.nspname || '.' || c.relname
        end as missing_privilege
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where (n.nspname, c.relname)
        in ((%(schema)s, 'library'), (%(assets_schema)s, 'alembic_version'))
)
select
    exists (select from found where table_name = 'library') as has_library,
    exists (
        select from pg_attribute a
        join found f on f.oid = a.attrelid
        where f.table_name = 'library'
        and a.attname = 'unresolved_attempted_at'
        and not a.attisdropped
    ) as has_stamp,
    exists (select from found where table_name = 'alembic_version') as has_version,
    current_user as role_name,
    (select string_agg(missing_privilege, ' and ') from found) as missing_privileges
