-- Deletes the doubts that a run did not find again.
delete from library_doubts where run_id <> %(run_id)s
