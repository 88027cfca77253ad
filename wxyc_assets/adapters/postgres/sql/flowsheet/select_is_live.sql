-- Returns true if a DJ logged a track within the last seconds; from one page of the partial index.
select exists (
    select from flowsheet
    where entry_type = 'track'
    and add_time > now() - make_interval(secs => %(lookback_seconds)s)
) as is_live
