-- Returns which of the tables and columns that we need are there.
select
    to_regclass('library') is not null as has_library,
    exists (
        select from pg_attribute
        where attrelid = to_regclass('library')
        and attname = 'unresolved_attempted_at'
        and not attisdropped
    ) as has_stamp,
    to_regclass('alembic_version') is not null as has_version
