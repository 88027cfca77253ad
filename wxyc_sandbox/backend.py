"""The Backend's schema in a database of ours, and how rows get into it fast."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

BACKEND_SQL = Path(__file__).with_name("backend.sql")


def create_schema(connection: psycopg.Connection, schema: str) -> None:
    """The Backend's tables, empty; leaves `schema` on the connection's search path."""
    name = sql.Identifier(schema)
    connection.execute(sql.SQL("create schema if not exists {}").format(name))
    connection.execute(sql.SQL("set search_path to {}").format(name))
    connection.execute(BACKEND_SQL.read_bytes())


def copy_rows(
    connection: psycopg.Connection, table: str, columns: list[str], rows: Iterable[tuple[Any, ...]]
) -> int:
    """How many there were."""
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        return cursor.rowcount


def move_sequence(connection: psycopg.Connection, table: str) -> None:
    """Lets new rows be numbered after those that brought their own `id`."""
    statement = "select setval(pg_get_serial_sequence({}, 'id'), max(id)) from {}"
    connection.execute(sql.SQL(statement).format(sql.Literal(table), sql.Identifier(table)))
