"""A second writer, written from the contract's "What is written, and when" alone.

One answer after the other, one statement a row, every decision in Python. It shares nothing with
the project's own writer, so where the two agree, the contract was read the same way twice.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import errors
from psycopg.rows import DictRow, dict_row

Json = dict[str, Any]

MARK = "consumer:lml-bulk"
LONGEST_POSITION = 20
COMPARED = ("method", "confidence", "wikidata_qid", "spotify_id", "apple_music_id")
KEPT_IN_HISTORY = (
    "discogs_master_id", "discogs_release_id", "musicbrainz_release_group_mbid",
    "musicbrainz_release_mbid", "musicbrainz_recording_mbid", "wikidata_qid", "spotify_id",
    "apple_music_id", "last_verified_at", "method", "confidence", "agreement_sources", "notes",
)  # fmt: skip


@dataclass(frozen=True)
class Heard:
    """What LML said about a library row, as Python reads the JSON, and when."""

    library_id: int
    artist_name: str
    cohort: str
    words: Json
    tracks_contract_version: int | None
    at: datetime


class Unwritable(Exception):
    """An answer of which a part that decides cannot be held by PostgreSQL."""


class NaiveWriter:
    """Writes answers into the Backend's tables; `stamps` = widened scope or a recheck."""

    def __init__(self, connection: psycopg.Connection, *, stamps: bool) -> None:
        self._cursor = connection.cursor(row_factory=dict_row)
        self._connection = connection
        self._stamps = stamps
        self.counts: Counter[str] = Counter()

    def write(self, heard: Heard) -> str | None:
        """All or nothing for one library row; says why when nothing."""
        counts = self.counts.copy()
        try:
            with self._connection.transaction():
                self._write(heard)
        except (
            Unwritable,
            psycopg.DataError,
            psycopg.IntegrityError,
            errors.ProgramLimitExceeded,
        ) as error:
            self.counts = counts
            return str(error)
        return None

    def _write(self, heard: Heard) -> None:
        row = self._row("select artist_name from library where id = %s", heard.library_id)
        if row is None or row["artist_name"] != heard.artist_name:
            return
        words = heard.words
        if any(map(_is_poison, _leaves({**words, "provenance": None, "tracks": None}))):
            raise Unwritable("a value that PostgreSQL cannot hold")
        if words["kind"] == "single_artist":
            self._single_artist(heard)
        elif words["kind"] == "compilation" and _was_matched(heard):
            self._credits(heard)
            if heard.cohort == "va" or self._stamps:
                self._stamp(heard)
        elif self._stamps:
            self._stamp(heard)

    def _stamp(self, heard: Heard) -> None:
        row = self._row(
            "select unresolved_attempted_at from library where id = %s", heard.library_id
        )
        assert row is not None
        if row["unresolved_attempted_at"] is None or row["unresolved_attempted_at"] < heard.at:
            self._do(
                "update library set unresolved_attempted_at = %s where id = %s",
                heard.at,
                heard.library_id,
            )

    def _single_artist(self, heard: Heard) -> None:
        entries = [self._entry(each) for each in heard.words["provenance"]]
        main = heard.words["main"] or {}
        decided = {
            "method": heard.words["method"],
            "confidence": self._real(heard.words["confidence"]),
            "wikidata_qid": main.get("wikidata_qid"),
            "spotify_id": main.get("spotify_artist_id"),
            "apple_music_id": main.get("apple_music_artist_id"),
        }
        stored = self._row("select * from library_identity where library_id = %s", heard.library_id)
        if stored and stored["method"] == "manual" and stored["notes"] != MARK:
            self._verify(heard, stored)
        elif not stored or stored["last_verified_at"] <= heard.at:
            self._decide(heard, stored, decided, entries)

    def _decide(
        self, heard: Heard, stored: DictRow | None, decided: Json, entries: list[Json]
    ) -> None:
        rows = self._rows(
            "select * from library_identity_source where library_id = %s", heard.library_id
        )
        mentioned = {each["source"] for each in entries}
        gone = [each for each in rows if each["notes"] == MARK and each["source"] not in mentioned]
        before = {each["source"]: each["external_id"] for each in rows}
        after = {**before, **{e["source"]: e["external_id"] for e in entries if _is_writable(e)}}
        for each in gone:
            del after[each["source"]]
        if stored is None:
            self._insert_identity(heard, decided)
        elif after != before or any(stored[name] != decided[name] for name in COMPARED):
            self._keep_history(heard, stored, sorted(each["source"] for each in gone))
            self._do("delete from library_identity where library_id = %s", heard.library_id)
            self._insert_identity(heard, decided)
        else:
            self._verify(heard, stored)
        for each in gone:
            self._do(
                "delete from library_identity_source where library_id = %s and source = %s",
                heard.library_id,
                each["source"],
            )
        for each in entries:
            if _is_writable(each):
                self._put_source(heard, each)

    def _verify(self, heard: Heard, stored: DictRow) -> None:
        self._do(
            "update library_identity set last_verified_at = %s where library_id = %s",
            max(heard.at, stored["last_verified_at"]),
            heard.library_id,
        )

    def _insert_identity(self, heard: Heard, decided: Json) -> None:
        self._do(
            "insert into library_identity (library_id, method, confidence, wikidata_qid, "
            "spotify_id, apple_music_id, last_verified_at, notes) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s)",
            heard.library_id,
            *(decided[name] for name in COMPARED),
            heard.at,
            MARK,
        )

    def _keep_history(self, heard: Heard, stored: DictRow, gone: list[str]) -> None:
        reason = "LML decided otherwise"
        if gone:
            reason += f"; it no longer mentions {', '.join(gone)}"
        self._do(
            f"insert into library_identity_history ({', '.join(KEPT_IN_HISTORY)}, library_id, "
            "superseded_at, superseded_reason, reason_category) "
            f"values ({', '.join(['%s'] * len(KEPT_IN_HISTORY))}, %s, %s, %s, 'decision_changed')",
            *(stored[name] for name in KEPT_IN_HISTORY),
            heard.library_id,
            heard.at,
            reason,
        )

    def _put_source(self, heard: Heard, entry: Json) -> None:
        self._do(
            "insert into library_identity_source "
            "(library_id, source, external_id, method, confidence, last_verified_at, notes) "
            "values (%s, %s, %s, %s, %s, %s, %s) on conflict (library_id, source) do update set "
            "external_id = excluded.external_id, method = excluded.method, "
            "confidence = excluded.confidence, last_verified_at = excluded.last_verified_at, "
            "notes = excluded.notes",
            heard.library_id,
            *(entry[name] for name in ("source", "external_id", "method", "confidence")),
            heard.at,
            MARK,
        )

    def _entry(self, said: Json) -> Json:
        clean = {key: None if _is_poison(value) else value for key, value in said.items()}
        return clean | {"confidence": self._real(clean["confidence"])}

    def _credits(self, heard: Heard) -> None:
        named: dict[tuple[str, str | None], list[Json]] = {}
        for each in heard.words["tracks"] or []:
            if any(map(_is_poison, _leaves(each))):
                continue
            if each["resolved_artist_name"] is None:
                self.counts["tracks_unresolved"] += 1
                continue
            named.setdefault((each["artist_name"], each["track_title"]), []).append(each)
        for (artist_name, title), entries in named.items():
            self._credit(heard, artist_name, title, entries)

    def _credit(self, heard: Heard, artist_name: str, title: str | None, said: list[Json]) -> None:
        self.counts["track_keys"] += 1
        deciding = said[-1]
        confidence = deciding["confidence"]
        if isinstance(confidence, bool) or not isinstance(confidence, int | float):
            confidence = None
        elif not 0 <= confidence <= 1:
            self.counts["confidences_out_of_range"] += 1
            confidence = None
        row = self._row(
            "select * from compilation_track_artist where library_id = %s and artist_name = %s "
            "and track_title is not distinct from %s",
            heard.library_id,
            artist_name,
            title,
        )
        if row is None:
            self.counts["tracks_without_credit"] += 1
            return
        artist_id = self._artist(deciding["resolved_artist_name"])
        self.counts["tracks_without_artist"] += artist_id is None
        if row["track_artist_link_method"] == "librarian":
            self.counts["tracks_librarian"] += 1
            return
        offered = {each["track_position"] for each in said} - {None}
        offered = {each for each in offered if len(each) <= LONGEST_POSITION}
        position = row["track_position"]
        if position is None and len(offered) > 1:
            self.counts["positions_ambiguous"] += 1
        elif position is None and offered:
            (position,) = offered
            self.counts["positions_written"] += 1
        wanted = (artist_id, self._real(confidence), "lml_backfill", position)
        names = ("id", "confidence", "method")
        there = (
            *(row[f"track_artist_{'link_' * (n != 'id')}{n}"] for n in names),
            row["track_position"],
        )
        if wanted == there:
            self.counts["tracks_unchanged"] += 1
            return
        self.counts["tracks_written"] += 1
        self._do(
            "update compilation_track_artist set track_artist_id = %s, "
            "track_artist_link_confidence = %s, track_artist_link_method = %s, "
            "track_position = %s where id = %s",
            *wanted,
            row["id"],
        )

    def _artist(self, name: str) -> int | None:
        same = self._rows(
            "select id from artists where fold_artist_name(artist_name) = fold_artist_name(%s)",
            name,
        )
        return same[0]["id"] if len(same) == 1 else None

    def _real(self, value: Any) -> float | None:
        """A number as a 4-byte float."""
        text = value if value is None or isinstance(value, str) else json.dumps(value)
        row = self._row("select %s::text::real as real", text)
        assert row is not None
        return row["real"]

    def _do(self, statement: str, *values: Any) -> None:
        self._cursor.execute(statement.encode(), values)

    def _rows(self, statement: str, *values: Any) -> list[DictRow]:
        return self._cursor.execute(statement.encode(), values).fetchall()

    def _row(self, statement: str, *values: Any) -> DictRow | None:
        return self._cursor.execute(statement.encode(), values).fetchone()


def _was_matched(heard: Heard) -> bool:
    words = heard.words
    visited = words["tracks_attempted"] is True or bool(words["tracks"])
    return heard.tracks_contract_version == 1 and visited


def _is_writable(entry: Json) -> bool:
    return None not in (entry["source"], entry["confidence"], entry["external_id"])


def _is_poison(value: Any) -> bool:
    """A NUL, half a surrogate pair, or a number that is none: no JSONB and no text holds it."""
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, str):
        return "\0" in value or any("\ud800" <= character <= "\udfff" for character in value)
    return False


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from _leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    else:
        yield value
