-- Records why an answer could not be written.
update lml_resolution
set write_error = %(write_error)s
where library_id = %(library_id)s
and write_error is distinct from %(write_error)s
