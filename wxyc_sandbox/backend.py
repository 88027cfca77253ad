"""The Backend's schema in a local database, and bulk loading of rows into it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

BACKEND_SQL = Path(__file__).with_name("backend.sql")
GENRES = {
    "Africa": 1, "Asia": 2, "Blues": 3, "Classical": 4, "Hiphop": 6, "Jazz": 7, "Latin": 8,
    "OCS": 9, "Reggae": 10, "Rock": 11, "Soundtracks": 12, "Electronic": 15,
}  # fmt: skip
FORMATS = {"CD": 1, 'Vinyl 7"': 30, 'Vinyl 10"': 40, 'Vinyl 12"': 51, "Vinyl LP": 60}


def create_schema(connection: psycopg.Connection, schema: str) -> None:
    """Create the Backend's tables, empty but for genres and formats; set the search path."""
    name = sql.Identifier(schema)
    connection.execute(sql.SQL("create schema if not exists {}").format(name))
    connection.execute(sql.SQL("set search_path to {}").format(name))
    connection.execute(BACKEND_SQL.read_bytes())
    for table, column, names in (
        ("genres", "genre_name", GENRES),
        ("format", "format_name", FORMATS),
    ):
        copy_rows(connection, table, [column, "id"], names.items())
        move_sequence(connection, table)


def copy_rows(
    connection: psycopg.Connection, table: str, columns: list[str], rows: Iterable[tuple[Any, ...]]
) -> int:
    """Load rows with COPY; return their number."""
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        return cursor.rowcount


def move_sequence(connection: psycopg.Connection, table: str) -> None:
    """Move the `id` sequence past the ids that were inserted explicitly."""
    statement = "select setval(pg_get_serial_sequence({}, 'id'), max(id)) from {}"
    connection.execute(sql.SQL(statement).format(sql.Literal(table), sql.Identifier(table)))
