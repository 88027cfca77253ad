-- Deletes the candidates that no run has found due since a moment; returns their number.
with gone as (
    delete from library_candidate
    where due_at < coalesce(%(now)s::timestamptz, now()) - %(window)s
    returning 1
)
select count(*) as swept
from gone
