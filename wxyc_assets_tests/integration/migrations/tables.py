"""Our schema as it is found: its structure, its rows, and a row for each of its tables."""

import re
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from random import Random
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

SCHEMA = "wxyc_assets"
TABLES = """
select table_name from information_schema.tables
where table_schema = %s and table_name <> 'alembic_version' and table_type = 'BASE TABLE'
order by table_name
"""
COLUMNS = """
select column_name, data_type, is_nullable = 'NO' and column_default is null as is_required
from information_schema.columns
where table_schema = %s and table_name = %s
and is_generated = 'NEVER' and is_identity = 'NO'
order by column_name
"""
CHECKS = """
select pg_get_constraintdef(oid) from pg_constraint
where contype = 'c' and conrelid = %s::regclass
"""
KEYS = """
select
    k.confrelid::regclass::text as parent,
    array_agg(c.attname::text order by n) as own,
    array_agg(p.attname::text order by n) as of_parent
from pg_constraint k
cross join unnest(k.conkey, k.confkey) with ordinality as pair (own, of_parent, n)
join pg_attribute c on c.attrelid = k.conrelid and c.attnum = pair.own
join pg_attribute p on p.attrelid = k.confrelid and p.attnum = pair.of_parent
where k.contype = 'f' and k.conrelid = %s::regclass
group by k.oid
order by k.oid
"""
STRUCTURE = {
    "columns": """
        select table_name, column_name, data_type, is_nullable, column_default,
            col_description(format('%I.%I', table_schema, table_name)::regclass, ordinal_position)
        from information_schema.columns where table_schema = 'wxyc_assets'
    """,
    "constraints": """
        select conrelid::regclass::text, contype::text, pg_get_constraintdef(oid)
        from pg_constraint where connamespace = 'wxyc_assets'::regnamespace
    """,
    "indexes": """
        select tablename, indexdef from pg_indexes where schemaname = 'wxyc_assets'
    """,
    "functions": """
        select proname, regexp_replace(pg_get_functiondef(oid), '\\s+', ' ', 'g'),
            obj_description(oid)
        from pg_proc where pronamespace = 'wxyc_assets'::regnamespace
    """,
}
Structure = dict[str, set[tuple[Any, ...]]]
ATTEMPTS = 500
SHARE_FILLED = 0.7
VALUES: dict[str, Any] = {
    "ARRAY": [],
    "boolean": False,
    "date": "2026-01-01",
    "double precision": 1.0,
    "jsonb": Jsonb({}),
    "numeric": 1,
    "real": 1.0,
    "text": "Stereolab",
    "timestamp with time zone": "2026-01-01 12:00Z",
    "uuid": "00000000-0000-0000-0000-000000000001",
}


def tables(connection: psycopg.Connection) -> list[str]:
    """Return the names of our tables."""
    return [name for (name,) in connection.execute(TABLES, (SCHEMA,))]


def rows(connection: psycopg.Connection) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of each table."""
    return {
        table: [row for (row,) in connection.execute(_all_rows(table)).fetchall()]
        for table in tables(connection)
    }


def _all_rows(table: str) -> sql.Composed:
    return sql.SQL("select to_jsonb(t) from {} t order by to_jsonb(t)::text").format(
        sql.Identifier(SCHEMA, table)
    )


def structure(connection: psycopg.Connection) -> Structure:
    """Return columns, constraints, indexes and functions, with their comments."""
    return {
        what: set(connection.execute(query.encode()).fetchall())
        for what, query in STRUCTURE.items()
    }


def fill(connection: psycopg.Connection) -> None:
    """Put a row into each empty table: one of many at random, which its checks allow."""
    for table in _parents_first(connection):
        if rows(connection)[table]:
            continue
        found = connection.execute(COLUMNS, (SCHEMA, table)).fetchall()
        words = dict(_words(connection, table))
        references = dict(_references(connection, table))
        random = Random(table)
        if not any(
            _insert(connection, table, dict(_row(found, words, random)) | references)
            for _ in range(ATTEMPTS)
        ):
            raise AssertionError(f"no row that the checks of {table} allow in {ATTEMPTS} attempts")


def _parents_first(connection: psycopg.Connection) -> list[str]:
    """Return our tables, each behind those that it references."""
    parents = {
        table: {parent.rpartition(".")[2] for parent, _, _ in _keys(connection, table)}
        for table in tables(connection)
    }
    return [*TopologicalSorter(parents).static_order()]


def _keys(connection: psycopg.Connection, table: str) -> list[tuple[str, list[str], list[str]]]:
    return connection.execute(KEYS, (f"{SCHEMA}.{table}",)).fetchall()


def _references(connection: psycopg.Connection, table: str) -> Iterator[tuple[str, Any]]:
    """Yield the columns that reference a row of another table, with that row's values."""
    for parent, own, of_parent in _keys(connection, table):
        found = rows(connection)[parent.rpartition(".")[2]][0]
        yield from ((name, found[other]) for name, other in zip(own, of_parent, strict=True))


def _words(connection: psycopg.Connection, table: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the columns that are held to a list of words, with the list."""
    for (check,) in connection.execute(CHECKS, (f"{SCHEMA}.{table}",)):
        if found := re.search(r"\((\w+) = ANY \(ARRAY\[(.*?)\]", check):
            yield found[1], re.findall(r"'(\w+)'", found[2])


def _row(
    columns: Sequence[tuple[str, str, bool]], words: dict[str, list[str]], random: Random
) -> Iterator[tuple[str, Any]]:
    """Yield names and values: every required column, and most of the others."""
    number = random.choice((0, 1))
    for name, kind, is_required in columns:
        if is_required or random.random() < SHARE_FILLED:
            value = number if "int" in kind else VALUES[kind]
            yield name, random.choice(words[name]) if name in words else value


def _insert(connection: psycopg.Connection, table: str, row: dict[str, Any]) -> bool:
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(SCHEMA, table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )
    try:
        with connection.transaction():
            connection.execute(statement, row)
    except psycopg.errors.CheckViolation:
        return False
    return True
