-- Returns the tables that were not analyzed within the last minute.
select c.relname as table_name
from unnest(%(tables)s::text[]) as wanted (name)
join pg_class c on c.oid = to_regclass(wanted.name)
left join pg_stat_all_tables s on s.relid = c.oid
where coalesce(s.last_analyze < now() - interval '1 minute', true)
order by c.relname
