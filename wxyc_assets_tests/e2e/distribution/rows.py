"""The rows a run wrote, without what differs from run to run: ids of runs, times, costs."""

from collections import Counter
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from wxyc_sandbox.station import ASSETS_SCHEMA, SCHEMA

TABLES = {
    SCHEMA: (
        "library",
        "library_identity",
        "library_identity_source",
        "library_identity_history",
        "compilation_track_artist",
    ),
    ASSETS_SCHEMA: ("library_candidate", "lml_resolution", "artwork_lookup"),
}
COLUMNS = """
select column_name, data_type like 'timestamp%%' as is_time
from information_schema.columns
where table_schema = %s
and table_name = %s
and column_name not in ('run_id', 'history_id', 'api_calls')
and (column_name = 'id') <= (table_name = 'library')
order by ordinal_position
"""

# A record about which LML could not say is looked up again by every step that starts.
SHOWN: dict[str, LiteralString] = {
    "answer": "({} - 'cache_stats')::text",
    "previous_outcome": "case when outcome <> 'unknown' then {}::text end",
}

Rows = dict[str, Counter[Any]]


def written(url: str) -> Rows:
    """Return the rows of each table with their counts; times only as null or not."""
    with psycopg.connect(url) as connection:
        return {
            table: Counter(connection.execute(_select(connection, schema, table)).fetchall())
            for schema, tables in TABLES.items()
            for table in tables
        }


def _select(connection: psycopg.Connection, schema: str, table: str) -> sql.Composed:
    columns = connection.execute(COLUMNS, (schema, table)).fetchall()
    shown = [
        sql.SQL(_shown(name, is_time=is_time)).format(sql.Identifier(name))
        for name, is_time in columns
    ]
    return sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(shown), sql.Identifier(schema, table)
    )


def _shown(name: str, *, is_time: bool) -> LiteralString:
    if is_time:
        return "{} is null"
    return SHOWN.get(name, "{}::text")


def stored(url: str) -> set[int]:
    """Return the ids of the records with a stored answer."""
    with psycopg.connect(url) as connection:
        kept = connection.execute("select library_id from wxyc_assets.lml_resolution").fetchall()
    return {row[0] for row in kept}


def lookups_without_answer(url: str) -> int:
    """Return the number of albums about which LML could not say anything."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from wxyc_assets.artwork_lookup where outcome = 'unknown'"
        ).fetchone()
    return row[0] if row else 0


def sessions(url: str, address: str) -> int:
    """Return the number of PostgreSQL sessions of a machine."""
    ask = "select count(*) from pg_stat_activity where client_addr = %s::inet"
    with psycopg.connect(url) as connection:
        row = connection.execute(ask, (address,)).fetchone()
    return row[0] if row else 0
