-- Returns the number of doubtful records by reason.
select reason, count(*) as records
from library_doubts
group by reason
