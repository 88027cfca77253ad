"""The generated library has the station's distribution, and depends on its seed alone."""

from collections import Counter
from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from wxyc_sandbox.library import TABLES, SandboxLibrary, seed_library
from wxyc_sandbox.postgres import Postgres

NOW = datetime(2030, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def connection(postgres: Postgres, schema: str) -> Generator[psycopg.Connection]:
    """A connection to the library at scale 1."""
    postgres.create_database("station")
    seed_library(postgres.url("station"), schema, SandboxLibrary())
    with psycopg.connect(postgres.url("station"), autocommit=True) as connection:
        connection.execute(sql.SQL("set search_path to {}").format(sql.Identifier(schema)))
        yield connection


@pytest.mark.parametrize(
    ("where", "count"),
    [
        (b"true", 64_676),
        (b"artist_name is null", 300),
        (b"canonical_entity_id is not null", 29_781),
        (b"artwork_url is not null", 155),
        (b"discogs_unavailable", 400),
        (b"unresolved_attempted_at is not null", 300),
        (b"unresolved_attempted_at > now() - interval '60 days'", 0),
        (b"id > 70000", 0),
        (b"discogs_unavailable_note is not null and not discogs_unavailable", 0),
        (b"canonical_entity_id is null and id in (select library_id from library_identity)", 0),
        (
            b"artwork_url is null and not discogs_unavailable and artist_id in "
            b"(select id from artists where discogs_artist_id is not null)",
            18_295,
        ),
    ],
)
def test_the_library_has_the_stations_counts(
    connection: psycopg.Connection, where: bytes, count: int
) -> None:
    assert _number(connection, b"select count(*) from library where " + where) == count


@pytest.mark.parametrize(
    ("query", "least", "most"),
    [
        (b"select count(*) from artists", 23_816, 23_816),
        (b"select count(discogs_artist_id) * 1000 / count(*) from artists", 242, 243),
        (b"select count(*) from library_identity", 14_405, 14_405),
        (b"select count(*) from library_identity where method = 'manual'", 8, 8),
        (b"select count(*) from library_identity where notes <> 'consumer:lml-bulk'", 9, 14),
        (b"select max(last_verified_at) < now() - interval '39 days' from library_identity", 1, 1),
        (b"select count(distinct library_id) from library_identity_source", 14_405, 14_405),
        (b"select count(*) from compilation_track_artist", 330_000, 360_000),
        (b"select count(*) from library where legacy_release_id >= 1000000", 1_000, 1_600),
        (b"select count(*) from library where code_volume_letters is null", 10_000, 30_000),
        (
            b"select count(*) from library where coalesce(code_volume_letters, '') like 'Z%' "
            b"or exists (select from compilation_track_artist where library_id = library.id)",
            6_300,
            6_300,
        ),
        (
            b"select count(*) from library where code_volume_letters like 'Z%' and not exists "
            b"(select from compilation_track_artist where library_id = library.id)",
            100,
            300,
        ),
        (
            b"select count(*) from library where coalesce(code_volume_letters, '') not like 'Z%' "
            b"and exists (select from compilation_track_artist where library_id = library.id)",
            100,
            300,
        ),
        (
            b"select count(*) from library where artist_name like 'Various Artists%' "
            b"and code_volume_letters like 'Z%'",
            5_500,
            6_100,
        ),
        (
            b"select count(*) from library where artist_name like 'Various Artists%' and "
            b"not exists (select from compilation_track_artist where library_id = library.id)",
            20,
            400,
        ),
        (
            b"select count(*) from (select from library group by artist_id, album_title "
            b"having count(distinct format_id) > 1) as editions",
            2_000,
            8_000,
        ),
        (
            b"select count(*) from (select from artists group by fold_artist_name(artist_name) "
            b"having count(*) > 1) as ambiguous",
            100,
            400,
        ),
    ],
)
def test_other_figures_are_close_to_the_stations(
    connection: psycopg.Connection, query: bytes, least: int, most: int
) -> None:
    assert least <= _number(connection, query) <= most


@pytest.mark.parametrize(
    "orphans",
    [
        b"select count(*) from library where artist_id not in (select id from artists)",
        b"select count(*) from rotation where album_id not in (select id from library)",
        b"select count(*) from library_identity where library_id not in (select id from library)",
        b"select count(*) from compilation_track_artist "
        b"where library_id not in (select id from library)",
    ],
)
def test_no_row_refers_to_nothing(connection: psycopg.Connection, orphans: bytes) -> None:
    assert _number(connection, orphans) == 0


def test_rotation_is_just_identified(connection: psycopg.Connection) -> None:
    query = (
        b"select lml_identity_id from rotation where kill_date is null or kill_date > current_date"
    )
    active = [identity for (identity,) in connection.execute(query).fetchall()]
    assert len(active) == 400
    assert active.count(None) == 2
    assert Counter(active).most_common(1)[0][1] == 3


def test_new_rows_are_numbered_after_the_old(connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        id = _add_record(connection, legacy_release_id=1)
        assert id > _number(connection, b"select max(id) from library where legacy_release_id <> 1")


@pytest.mark.parametrize("table", TABLES)
def test_a_library_depends_on_its_seed_alone(table: str) -> None:
    _, rows = TABLES[table]
    small = [list(rows(SandboxLibrary(0.005, seed=7, now=NOW))) for _ in range(2)]
    assert small[0] == small[1] != list(rows(SandboxLibrary(0.005, seed=8, now=NOW)))


def test_only_dates_depend_on_the_day() -> None:
    today, tomorrow = (
        SandboxLibrary(0.005, now=NOW),
        SandboxLibrary(0.005, now=NOW + timedelta(days=1)),
    )
    assert list(today.catalogue()) == list(tomorrow.catalogue())
    assert list(today.generator.records()) == list(tomorrow.generator.records())


@pytest.mark.parametrize("scale", [0.0005, 0.005, 0.1])
def test_a_small_library_can_be_loaded(database: str, schema: str, scale: float) -> None:
    counts = seed_library(database, schema, SandboxLibrary(scale))
    assert counts["library"] == round(64_676 * scale)
    assert counts["rotation"] == 800
    assert min(counts.values()) > 0


def test_the_catalogue_knows_the_old_records_only() -> None:
    library = SandboxLibrary(0.05)
    catalogue = {legacy: (artist, title) for legacy, artist, title in library.catalogue()}
    records = list(library.generator.records())
    old = [record for record in records if record.legacy_release_id < 1_000_000]
    assert len(catalogue) == len(old) < len(records)
    assert all(catalogue[record.legacy_release_id][1] == record.title for record in old)


def _number(connection: psycopg.Connection, query: bytes) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def _add_record(connection: psycopg.Connection, *, legacy_release_id: int) -> int:
    row = connection.execute(
        "insert into library (artist_id, genre_id, format_id, album_title, code_number, "
        "legacy_release_id) values (1, 11, 1, 'Moon Pix', 2, %s) returning id",
        (legacy_release_id,),
    ).fetchone()
    assert row is not None
    return row[0]
