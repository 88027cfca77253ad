-- Returns the number of records with at least one doubt, and whether their plays are known.
select count(distinct library_id) as records, count(plays) = count(*) as plays_are_known
from library_doubts
