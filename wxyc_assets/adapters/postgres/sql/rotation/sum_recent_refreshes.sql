-- Returns the sums over the refresh runs of the last 24 hours.
select
    count(*) as runs,
    coalesce(sum(identities_scanned), 0) as identities_scanned,
    coalesce(sum(not_found), 0) as not_found,
    coalesce(sum(lml_error), 0) as lml_error
from rotation_refresh
where started_at > coalesce(%(now)s::timestamptz, now()) - interval '24 hours'
