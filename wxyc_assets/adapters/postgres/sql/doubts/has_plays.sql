-- Returns whether plays are counted here, and whether we may read them.
select
    coalesce(has_table_privilege(to_regclass('album_plays'), 'select'), false) as has_plays
