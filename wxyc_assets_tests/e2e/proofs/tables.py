"""The tables that a run writes, without what differs from run to run: run id and times."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import orjson
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

from wxyc_assets.domain.ranges import IdRange

SEARCH_PATH = "-c search_path=wxyc_assets,wxyc_schema,public"

# A time after the seeding was written by a run and must be the time of the answer. Columns about a
# row's past are left out, and so is the search document, which depends on the server's version.
TABLES: dict[str, LiteralString] = {
    "library": "select l.id as library_id, l.unresolved_attempted_at as attempted, "
    "to_jsonb(l) - '{unresolved_attempted_at,search_doc}'::text[] as row "
    "from library l order by l.id",
    "library_identity": "select library_id, last_verified_at as verified, "
    "to_jsonb(i) - 'last_verified_at' as row from library_identity i order by 1",
    "library_identity_source": "select library_id, last_verified_at as verified, "
    "to_jsonb(s) - 'last_verified_at' as row from library_identity_source s "
    "order by library_id, source",
    "library_identity_history": "select library_id, last_verified_at as verified, "
    "to_jsonb(h) - '{history_id,last_verified_at,superseded_at}'::text[] as row "
    "from library_identity_history h order by library_id, history_id",
    "compilation_track_artist": "select library_id, to_jsonb(c) as row "
    "from compilation_track_artist c order by id",
    "lml_resolution": "select library_id, answered_at as answered, applied_at is not null as "
    "is_applied, to_jsonb(r) - '{answered_at,applied_at,run_id,"
    "asked_because,previous_kind,previous_answered_at}'::text[] as row "
    "from lml_resolution r order by 1",
    "watermark_moves": "select 0 as library_id, moves from public.watermark_moves",
}

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows by table, in a fixed order; equal for runs with the same result."""

    rows: Mapping[str, Rows]

    def within(self, id_range: IdRange) -> "Tables":
        """Return the rows of a range."""
        return self._kept(lambda library_id: library_id in id_range)

    def without(self, library_ids: Collection[int]) -> "Tables":
        """Return the rows of all other records."""
        return self._kept(lambda library_id: library_id not in library_ids)

    def _kept(self, keep: Any) -> "Tables":
        return Tables(
            {
                table: [row for row in rows if keep(row["library_id"])]
                for table, rows in self.rows.items()
            }
        )

    def but(self, table: str, library_ids: Collection[int]) -> "Tables":
        """Return all rows except those of these records in one table."""
        kept = [row for row in self.rows[table] if row["library_id"] not in library_ids]
        return Tables({**self.rows, table: kept})


def open_connection(url: str) -> psycopg.Connection[dict[str, Any]]:
    """Connect in autocommit, with the Backend's and our own tables on the search path."""
    connection = psycopg.Connection[dict[str, Any]].connect(
        url, autocommit=True, options=SEARCH_PATH, row_factory=dict_row
    )
    set_json_loads(orjson.loads, connection)
    return connection


def value(
    connection: psycopg.Connection[dict[str, Any]], statement: LiteralString, *values: object
) -> Any:
    """Return the single value of a query."""
    row = connection.execute(statement, values).fetchone()
    assert row is not None
    (only,) = row.values()
    return only


def read_tables(url: str, seeded_at: datetime) -> Tables:
    """Read every table that a run may write."""
    with open_connection(url) as connection, connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        read = {name: connection.execute(text).fetchall() for name, text in TABLES.items()}
    answered = {row["library_id"]: row["answered"] for row in read["lml_resolution"]}
    for row in (row for rows in read.values() for row in rows):
        _mask_times(row, seeded_at, answered.get(row["library_id"]))
    return Tables(read)


def _mask_times(row: dict[str, Any], seeded_at: datetime, answered: datetime | None) -> None:
    for name, value in row.items():
        if isinstance(value, datetime) and value >= seeded_at:
            row[name] = "time of the answer" if value == answered else "another time"


def assert_same(found: Tables, expected: Tables) -> None:
    """Assert equality; name the first row that differs, which pytest would bury."""
    for table, rows in expected.rows.items():
        pairs = zip(found.rows[table], rows, strict=False)
        differing = [f"{a}\n  instead of\n{b}" for a, b in pairs if a != b]
        assert not differing, f"{table}, {len(differing)} rows:\n{differing[0]}"
        assert len(found.rows[table]) == len(rows), table
