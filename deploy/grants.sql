-- Grants for the writer role: everything that a run needs, and nothing else.
--
--     create role wxyc_assets_writer login password '...';    -- once
--     wxyc-assets migrate                                     -- as the owner, not as the writer
--     psql "$OWNER_URL" -f deploy/grants.sql
--
-- Run it as the owner of both schemas' tables (or as a member of the owning role), after each
-- `wxyc-assets migrate`. It can be repeated, and revokes what an earlier version granted. For other
-- names use `-v writer=... -v backend_schema=... -v assets_schema=...`. PostgreSQL 14 to 18.

\set ON_ERROR_STOP on
\if :{?writer}
\else
    \set writer wxyc_assets_writer
\endif
\if :{?backend_schema}
\else
    \set backend_schema wxyc_schema
\endif
\if :{?assets_schema}
\else
    \set assets_schema wxyc_assets
\endif

begin;

revoke all on all tables in schema :"backend_schema", :"assets_schema" from :"writer";
revoke all on all sequences in schema :"backend_schema", :"assets_schema" from :"writer";
revoke all on schema :"backend_schema", :"assets_schema" from :"writer";
grant usage on schema :"backend_schema", :"assets_schema" to :"writer";

-- Every role may create temporary tables in every database, through the privileges of public: who
-- needs that besides the writer, as an application may, is granted it by name before it is revoked
-- (docs/deploying.md).
select format('grant temporary on database %I to %I', current_database(), rolname)
from pg_roles
where rolcanlogin
and not rolsuper
and rolname <> :'writer'
and has_database_privilege(rolname, current_database(), 'temporary')
\gexec
select format('revoke temporary on database %I from public, %I', current_database(), :'writer')
\gexec

-- The Backend's tables. In library and in the credits, only the columns that a run fills.
grant select on
    :"backend_schema".artists,
    :"backend_schema".rotation,
    :"backend_schema".flowsheet,
    :"backend_schema".genres,
    :"backend_schema".library_delete_denylist
    to :"writer";
grant select, update (artwork_url, unresolved_attempted_at)
    on :"backend_schema".library to :"writer";
-- A run deletes no identity: a revert does, of a record that had none before, and a person's verdict,
-- when nothing else is left of it.
grant select, insert, update, delete on
    :"backend_schema".library_identity,
    :"backend_schema".library_identity_source
    to :"writer";
grant select, insert on :"backend_schema".library_identity_history to :"writer";
grant select, update (
        track_artist_id, track_artist_link_confidence, track_artist_link_method, track_position
    )
    on :"backend_schema".compilation_track_artist to :"writer";
grant execute on function :"backend_schema".fold_artist_name(text) to :"writer";

-- history_id is a serial. The watermark's trigger runs as whoever writes
-- (docs/contracts/backend-db.md, "Triggers").
select format('grant usage on sequence %s to %I', counter, :'writer')
from pg_get_serial_sequence(
    format('%I.library_identity_history', :'backend_schema'), 'history_id'
) counter
where counter is not null
\gexec
select format(
    'grant select, update (last_modified_at) on %s to %I', watermark, :'writer'
)
from to_regclass(format('%I.library_watermark', :'backend_schema')) watermark
where watermark is not null
\gexec

-- A station without the view has doubts without plays.
select format('grant select on %s to %I', plays, :'writer')
from to_regclass(format('%I.album_plays', :'backend_schema')) plays
where plays is not null
\gexec

-- Our own tables.
grant select on :"assets_schema".alembic_version to :"writer";
grant select, insert, update, delete on
    :"assets_schema".library_candidate,
    :"assets_schema".library_doubts,
    :"assets_schema".library_release
    to :"writer";
grant select, insert, delete on :"assets_schema".coverage_snapshot to :"writer";
-- What was accepted or reverted, and what ran, stays on record: an acceptance is never changed.
grant select, insert on
    :"assets_schema".coverage_acceptance,
    :"assets_schema".library_revert
    to :"writer";
grant select, insert, delete on
    :"assets_schema".library_journal,
    :"assets_schema".superseded_decision
    to :"writer";
-- So does what people decided: a verdict is overruled by a later one, and never changed.
grant select, insert on
    :"assets_schema".verdict,
    :"assets_schema".precision_sample,
    :"assets_schema".precision_stratum,
    :"assets_schema".precision_unit
    to :"writer";
grant select on
    :"assets_schema".standing_verdict,
    :"assets_schema".chosen_value,
    :"assets_schema".rejected_value
    to :"writer";
-- What is swept in the end (docs/operating.md, "What is swept, and when").
grant delete on
    :"assets_schema".lml_resolution,
    :"assets_schema".artwork_lookup,
    :"assets_schema".library_release,
    :"assets_schema".alert_outbox
    to :"writer";
grant select, insert, update on
    :"assets_schema".lml_resolution,
    :"assets_schema".artwork_lookup,
    :"assets_schema".rotation_refresh,
    :"assets_schema".doubt_count,
    :"assets_schema".alert_outbox,
    :"assets_schema".library_run,
    :"assets_schema".library_range_run,
    :"assets_schema".precision_estimate
    to :"writer";
grant select, update (trial_at) on :"assets_schema".lml_budget to :"writer";
grant select, insert, update, delete on :"assets_schema".lml_spending to :"writer";
grant select, insert, update on :"assets_schema".lml_price to :"writer";
grant execute on function
    :"assets_schema".reserve_requests(text, int, float8, float8) to :"writer";
grant execute on function
    :"assets_schema".library_cohort,
    :"assets_schema".unidentified_at,
    :"assets_schema".identity_fingerprint,
    :"assets_schema".source_fingerprint,
    :"assets_schema".credit_fingerprint,
    :"assets_schema".value_fingerprint,
    :"assets_schema".wants_cover,
    :"assets_schema".lookup_counts,
    :"assets_schema".lookup_state,
    :"assets_schema".without_rejected,
    :"assets_schema".artist_own_id
    to :"writer";

-- Only a table's owner may ANALYZE it; before PostgreSQL 17 the statement is skipped silently for
-- anybody else. This function runs as the owner, and accepts only the tables that a run writes.
create or replace function :"assets_schema".analyze_table(table_name text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, :"assets_schema", :"backend_schema", pg_temp
as $$
begin
    if table_name is null or table_name <> all (array[
        'library', 'library_identity', 'library_identity_source', 'library_identity_history',
        'compilation_track_artist', 'library_candidate', 'lml_resolution', 'artwork_lookup',
        'library_release'
    ]) then
        raise insufficient_privilege using message = format('%L is not to be analyzed', table_name);
    end if;
    execute format('analyze %I', table_name);
end
$$;
revoke all on function :"assets_schema".analyze_table(text) from public;
grant execute on function :"assets_schema".analyze_table(text) to :"writer";

commit;
