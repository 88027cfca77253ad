"""The Backend's schema of the sandbox: triggers, constraints and functions."""

import json
from collections.abc import Generator
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql


@pytest.fixture
def connection(backend: str, schema: str) -> Generator[psycopg.Connection]:
    """A connection to a library of Moon Pix by Cat Power, with one credit."""
    with psycopg.connect(backend, autocommit=True) as connection:
        connection.execute(sql.SQL("set search_path to {}").format(sql.Identifier(schema)))
        connection.execute(
            "insert into artists (artist_name, alphabetical_name, code_letters) "
            "values ('Cat Power', 'Power, Cat', 'RO')"
        )
        connection.execute(
            "insert into library (artist_id, artist_name, genre_id, format_id, album_title, "
            "code_number, legacy_release_id) values (1, 'Cat Power', 11, 1, 'Moon Pix', 2, 77)"
        )
        connection.execute(
            "insert into compilation_track_artist (library_id, artist_name) values (1, 'Burial')"
        )
        yield connection


@pytest.mark.parametrize(
    ("statement", "moves"),
    [
        (b"update library set artwork_url = 'https://x' where id = 1", 1),
        (b"update library set artwork_url = 'https://x' where false", 1),
        (b"update library set canonical_entity_id = 'x' where false", 1),
        (b"update library set unresolved_attempted_at = now()", 0),
        (b"update library set plays = plays + 1", 0),
        (b"update library set code_volume_letters = 'Z', disc_quantity = 2", 0),
        (b"update library set discogs_unavailable = true", 0),
        (b"update artists set artist_name = 'Chan Marshall'", 2),  # its own, and the cascade's
        (b"update artists set discogs_artist_id = 7", 1),
        (b"delete from library where false", 1),
        (b"truncate library cascade", 3),  # library, its credits, the rotation
        (b"update compilation_track_artist set track_title = 'Archangel'", 1),
        (b"update compilation_track_artist set track_artist_id = 1, track_position = 'A1'", 0),
        (b"truncate compilation_track_artist", 1),
        (b"insert into rotation (album_id, rotation_bin) values (1, 'H')", 1),
        (b"update rotation set lml_identity_id = 1", 1),
        (b"update genres set description = 'x' where id = 11", 1),
        (b"update format set format_name = 'x' where id = 1", 1),
        (b"insert into genre_artist_crossreference values (1, 11, 1)", 1),
        (b"insert into artist_crossreference values (1, 1)", 1),
        (b"insert into flowsheet (play_order) values (1)", 0),
    ],
)
def test_the_watermark_moves_with_what_is_exported(
    connection: psycopg.Connection, statement: bytes, moves: int
) -> None:
    before = _one(connection, b"select moves from public.watermark_moves")
    connection.execute(statement)
    assert _one(connection, b"select moves from public.watermark_moves") - before == moves


def test_the_watermark_is_the_time_of_the_last_change(connection: psycopg.Connection) -> None:
    connection.execute("update library set on_streaming = true")
    now = b"select last_modified_at = now() from library_watermark"
    with connection.transaction():
        connection.execute("update library set on_streaming = false")
        assert _one(connection, now) is True
    connection.execute("update library_watermark set last_modified_at = 'infinity'")
    connection.execute("update library set on_streaming = true")
    moved_back = b"select last_modified_at < 'infinity' from library_watermark"
    assert _one(connection, moved_back) is False


def test_every_changed_row_is_announced(connection: psycopg.Connection) -> None:
    connection.execute("listen cdc")
    connection.execute("update library set plays = 7")
    connection.execute("update compilation_track_artist set track_position = 'A1'")
    connection.execute("delete from library")
    connection.execute("update artists set discogs_artist_id = 7")
    connection.execute("insert into rotation (rotation_bin) values ('H')")
    notifications = [json.loads(each.payload) for each in connection.notifies(timeout=0.1)]
    announced = [(each["table"], each["action"]) for each in notifications]
    assert announced[:2] == [("library", "UPDATE"), ("compilation_track_artist", "UPDATE")]
    assert sorted(announced[2:4]) == [("compilation_track_artist", "DELETE"), ("library", "DELETE")]
    assert announced[4:] == [("artists", "UPDATE"), ("rotation", "INSERT")]
    assert notifications[0]["data"]["album_title"] == "Moon Pix"
    assert notifications[0]["data"]["plays"] == 7


def test_a_row_too_long_to_announce_is_stored_nevertheless(connection: psycopg.Connection) -> None:
    connection.execute("listen cdc")
    connection.execute("listen cdc_oversized")
    connection.execute("update library set canonical_entity_id = repeat('x', 8000)")
    (notification,) = connection.notifies(timeout=0.1)
    announced = json.loads(notification.payload)
    assert (notification.channel, announced["table"], announced["primary_key"]) == (
        "cdc_oversized",
        "library",
        "1",
    )


def test_a_renamed_artist_is_renamed_in_the_library(connection: psycopg.Connection) -> None:
    connection.execute("update artists set artist_name = 'Chan Marshall'")
    assert _one(connection, b"select artist_name from library") == "Chan Marshall"
    assert _one(connection, b"select search_doc @@ to_tsquery('simple', 'marshall') from library")


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Nilüfer Yanya", "nilufer yanya"),
        ("BJO\u0308RK", "bjork"),
        ("Aşıq Altay", "asıq altay"),
        ("Łukasz", "łukasz"),
        ("КИНО", "кино"),
        ("👨\u200d🎤", "👨\u200d🎤"),
        (None, ""),
    ],
)
def test_a_name_is_folded(connection: psycopg.Connection, name: str | None, folded: str) -> None:
    row = connection.execute("select fold_artist_name(%s)", (name,)).fetchone()
    assert row == (folded,)


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        (b"update library set artwork_url = repeat('x', 513)", errors.StringDataRightTruncation),
        (b"update library set album_title = repeat('x', 129)", errors.StringDataRightTruncation),
        (
            b"update compilation_track_artist set track_position = repeat('x', 21)",
            errors.StringDataRightTruncation,
        ),
        (
            b"update compilation_track_artist set track_artist_link_confidence = 1.1",
            errors.CheckViolation,
        ),
        (b"update library set discogs_unavailable_note = 'no'", errors.CheckViolation),
        (b"insert into library_watermark values (false)", errors.CheckViolation),
        (b"insert into library_watermark values (true)", errors.UniqueViolation),
        (b"update library set genre_id = 99", errors.ForeignKeyViolation),
        (b"update library set format_id = 2", errors.ForeignKeyViolation),
        (b"update library set add_date = null", errors.NotNullViolation),
        (b"update artists set add_date = null", errors.NotNullViolation),
        (b"update artists set last_modified = null", errors.NotNullViolation),
        (
            b"insert into rotation (rotation_bin, discogs_release_id_source) values ('H', null)",
            errors.NotNullViolation,
        ),
        (
            b"insert into library_identity (library_id, last_verified_at, method, confidence) "
            b"values (1, now(), 'llm', -0.1)",
            errors.CheckViolation,
        ),
        (
            b"insert into library_identity_source values (1, 'discogs', '1', 'llm', null, now())",
            errors.NotNullViolation,
        ),
        (
            b"insert into library_identity_source values (2, 'discogs', '1', 'llm', 1, now())",
            errors.ForeignKeyViolation,
        ),
        (
            b"insert into compilation_track_artist (library_id, artist_name) values (1, 'Burial')",
            errors.UniqueViolation,
        ),
        (
            b"insert into rotation (rotation_bin) values ('X')",
            errors.InvalidTextRepresentation,
        ),
    ],
)
def test_the_database_refuses(
    connection: psycopg.Connection, statement: bytes, refusal: type[psycopg.Error]
) -> None:
    with pytest.raises(refusal):
        connection.execute(statement)


def test_unresolved_sources_are_counted(connection: psycopg.Connection) -> None:
    connection.execute(
        "insert into library_identity (library_id, last_verified_at, method, confidence, "
        "wikidata_qid) values (1, now(), 'llm', 1, 'Q1')"
    )
    assert _one(connection, b"select distinct_unresolved_sources from library_identity") == 7


def test_a_record_with_an_identity_is_not_deleted(connection: psycopg.Connection) -> None:
    connection.execute(
        "insert into library_identity (library_id, last_verified_at, method, confidence) "
        "values (1, now(), 'llm', 1)"
    )
    with pytest.raises(errors.ForeignKeyViolation):
        connection.execute("delete from library")


def test_plays_are_counted_from_the_flowsheet(connection: psycopg.Connection) -> None:
    connection.execute(
        "insert into flowsheet (album_id, play_order, entry_type) "
        "values (1, 1, 'track'), (1, 2, 'track'), (1, 3, 'talkset'), (null, 4, 'track')"
    )
    connection.execute("refresh materialized view concurrently album_plays")
    assert connection.execute("select * from album_plays").fetchall() == [(1, 2)]


def test_a_history_outlives_its_record(connection: psycopg.Connection) -> None:
    connection.execute(
        "insert into library_identity_history (library_id, superseded_reason) values (1, 'x')"
    )
    connection.execute("delete from library")
    assert _one(connection, b"select count(*) from library_identity_history") == 1
    assert _one(connection, b"select count(*) from compilation_track_artist") == 0


def _one(connection: psycopg.Connection, query: bytes) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
