-- Deletes the snapshot of one run.
delete from coverage_snapshot
where run_id = %(run_id)s
