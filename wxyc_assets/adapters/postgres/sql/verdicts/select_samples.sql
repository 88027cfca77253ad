-- Returns which of these samples there are.
select sample_id
from precision_sample
where sample_id = any(%(sample_ids)s)
