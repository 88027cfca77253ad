-- Unmarks the doubts that an earlier attempt of a run found, so that those which are settled go.
update library_doubts set run_id = '' where run_id = %(run_id)s
