-- Returns the schema of analyze_table, if we may execute it; deploy/grants.sql creates it in our
-- own schema, the first of search_path.
select current_schema() as schema_name
where coalesce(
    has_function_privilege(
        to_regprocedure(quote_ident(current_schema()) || '.analyze_table(text)'), 'execute'
    ),
    false
)
