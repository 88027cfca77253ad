-- Writes a message to the WAL: its commit waits for the disk, and so makes earlier ones durable.
select pg_logical_emit_message(true, 'wxyc_assets', %(id_range)s)
