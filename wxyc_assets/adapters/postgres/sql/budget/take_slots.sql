-- Locks up to %(wanted)s free slots and returns them, the highest first: a process with a smaller
-- limit knows only the low ones.
select slot from generate_series(%(slots)s::int, 1, -1) slot
where case when slot <> all(%(held)s::int[]) then pg_try_advisory_lock(%(budget)s, slot) end
limit %(wanted)s
