-- Made by deploy/grants.sql, in our own schema, which is the first of search_path.
select current_schema() as schema_name
where coalesce(
    has_function_privilege(
        to_regprocedure(quote_ident(current_schema()) || '.analyze_table(text)'), 'execute'
    ),
    false
)
