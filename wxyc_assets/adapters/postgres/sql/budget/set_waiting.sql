-- Shows the other processes, by a shared lock on 0, that this one waits for slots; or no longer.
select case
    when %(waiting)s then pg_try_advisory_lock_shared(%(budget)s, 0)
    else pg_advisory_unlock_shared(%(budget)s, 0)
end
