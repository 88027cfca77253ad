-- Commits before this one did not wait for the disk; a message in the log makes this one wait.
select pg_logical_emit_message(true, 'wxyc_assets', %(id_range)s)
