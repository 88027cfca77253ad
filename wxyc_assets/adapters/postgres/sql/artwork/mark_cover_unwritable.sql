-- Records why a cover could not be written.
update artwork_lookup
set write_error = %(write_error)s
where library_id = %(library_id)s
and write_error is distinct from %(write_error)s
