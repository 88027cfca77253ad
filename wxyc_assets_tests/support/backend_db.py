"""Direct access to the Backend's and our own tables for tests."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString, Self

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

SCHEMA, ASSETS_SCHEMA = "wxyc_schema", "wxyc_assets"

WRITTEN: dict[str, LiteralString] = {
    "library": "select * from library order by id",
    "library_identity": "select * from library_identity order by library_id",
    "library_identity_source": "select * from library_identity_source order by library_id, source",
    "library_identity_history": (
        "select to_jsonb(h) - 'history_id' as row from library_identity_history h "
        "order by library_id, superseded_at"
    ),
    "compilation_track_artist": "select * from compilation_track_artist order by id",
    "watermark_moves": "select moves from watermark_moves",
}
"""The tables that writers may change, in an order that does not depend on the writer."""


class BackendDb:
    """A connection in autocommit to the Backend's and our own tables."""

    def __init__(self, url: str) -> None:
        options = f"-c search_path={ASSETS_SCHEMA},{SCHEMA},public"
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True, options=options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def execute(self, statement: LiteralString, *values: Any) -> None:
        """Execute a statement without reading its result."""
        self.connection.execute(statement, values or None)

    def rows(self, statement: LiteralString, *values: Any) -> list[dict[str, Any]]:
        """Return all rows of a query."""
        return (
            self.connection.cursor(row_factory=dict_row)
            .execute(statement, values or None)
            .fetchall()
        )

    def row(self, statement: LiteralString, *values: Any) -> dict[str, Any] | None:
        """Return the only row, or None."""
        found = self.rows(statement, *values)
        assert len(found) <= 1
        return found[0] if found else None

    def value(self, statement: LiteralString, *values: Any) -> Any:
        """Return the first column of the first row."""
        row = self.connection.execute(statement, values or None).fetchone()
        assert row is not None
        return row[0]

    def artist(self, name: str) -> int:
        """Insert an artist; return its id."""
        return self.value(
            "insert into artists (artist_name, alphabetical_name, code_letters) "
            "values (%s, left(%s, 128), 'RO') returning id",
            name,
            name,
        )

    def record(
        self,
        library_id: int,
        artist_name: str | None = "Cat Power",
        *,
        canonical: bool = True,
        letters: str | None = None,
        attempted_at: datetime | None = None,
    ) -> int:
        """Insert a library row, with one artist row shared by all; return its id."""
        self.execute(
            "insert into artists (id, artist_name, alphabetical_name, code_letters) "
            "values (0, 'The Station', 'Station', 'ST') on conflict (id) do nothing"
        )
        self.execute(
            "insert into library (id, artist_id, genre_id, format_id, album_title, code_number, "
            "legacy_release_id, artist_name, code_volume_letters, canonical_entity_id, "
            "unresolved_attempted_at, add_date) "
            "values (%s, 0, 11, 1, 'Moon Pix', 2, %s, %s, %s, %s, %s, '2005-08-01')",
            library_id,
            library_id + 50_000,
            artist_name,
            letters,
            "discogs:release:1" if canonical else None,
            attempted_at,
        )
        return library_id

    def identity(self, library_id: int, verified_at: datetime, **columns: Any) -> None:
        """Insert an identity, by default one of ours."""
        usual = {"method": "exact_match", "confidence": 0.9, "notes": "consumer:lml-bulk"}
        self._insert(
            "library_identity",
            {"library_id": library_id, "last_verified_at": verified_at} | usual | columns,
        )

    def source(
        self, library_id: int, source: str, external_id: str, verified_at: datetime, **columns: Any
    ) -> None:
        """Insert a source of an identity, by default one of ours."""
        usual = {"method": "exact_match", "confidence": 0.9, "notes": "consumer:lml-bulk"}
        named = {"library_id": library_id, "source": source, "external_id": external_id}
        self._insert(
            "library_identity_source", named | {"last_verified_at": verified_at} | usual | columns
        )

    def credit(self, library_id: int, artist_name: str, title: str | None, **columns: Any) -> None:
        """Insert a track credit of a compilation."""
        named = {"library_id": library_id, "artist_name": artist_name, "track_title": title}
        self._insert("compilation_track_artist", named | columns)

    def credits(self, library_id: int = 1) -> list[dict[str, Any]]:
        """Return the track credits of a record."""
        return self.rows(
            "select * from compilation_track_artist where library_id = %s order by id", library_id
        )

    def attempted_at(self, library_id: int = 1) -> datetime | None:
        """Return the time of the last attempt that is recorded for a record."""
        return self.value("select unresolved_attempted_at from library where id = %s", library_id)

    def tables(self) -> dict[str, Sequence[Any]]:
        """Return every row that a writer may change."""
        return {table: self.rows(statement) for table, statement in WRITTEN.items()}

    def versions(self) -> dict[str, set[Any]]:
        """Return ctid and xmin of each row version: equal only if nothing was written."""
        return {
            table: {
                tuple(row)
                for row in self.connection.execute(
                    sql.SQL("select ctid::text, xmin::text from {}").format(sql.Identifier(table))
                )
            }
            for table in WRITTEN
        }

    def _insert(self, table: str, columns: dict[str, Any]) -> None:
        self.connection.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", ").join(map(sql.Placeholder, columns)),
            ),
            columns,
        )
