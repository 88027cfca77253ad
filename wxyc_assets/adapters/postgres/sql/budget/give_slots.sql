-- Unlocks slots of this session.
select pg_advisory_unlock(%(budget)s, slot) from unnest(%(given)s::int[]) slot
