"""A second writer, implemented from "What is written, and when" of docs/contracts alone.

It writes answer by answer and row by row, with every decision in Python. It shares no code with
the project's own writer, so their agreement means that both read the contract the same way.
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

NOTES_MARK = "consumer:lml-bulk"
LONGEST_POSITION = 20
COMPARED = ("method", "confidence", "wikidata_qid", "spotify_id", "apple_music_id")
KEPT_IN_HISTORY = (
    "discogs_master_id", "discogs_release_id", "musicbrainz_release_group_mbid",
    "musicbrainz_release_mbid", "musicbrainz_recording_mbid", "wikidata_qid", "spotify_id",
    "apple_music_id", "last_verified_at", "method", "confidence", "agreement_sources", "notes",
)  # fmt: skip


@dataclass(frozen=True)
class ReceivedAnswer:
    """LML's answer about a library row, as parsed by Python, and its time."""

    library_id: int
    artist_name: str
    cohort: str
    answer: Json
    tracks_contract_version: int | None
    at: datetime


class Unwritable(Exception):
    """PostgreSQL cannot store a decisive part of an answer."""


class ReferenceWriter:
    """Writes answers into the Backend's tables; `stamps` = widened scope or a recheck."""

    def __init__(self, connection: psycopg.Connection, *, records_attempts: bool) -> None:
        self._cursor = connection.cursor(row_factory=dict_row)
        self._connection = connection
        self._records_attempts = records_attempts
        self.counts: Counter[str] = Counter()

    def write(self, received: ReceivedAnswer) -> str | None:
        """Write an answer completely or not at all; return the reason if not."""
        counts = self.counts.copy()
        try:
            with self._connection.transaction():
                self._write(received)
        except (
            Unwritable,
            psycopg.DataError,
            psycopg.IntegrityError,
            errors.ProgramLimitExceeded,
        ) as error:
            self.counts = counts
            return str(error)
        return None

    def _write(self, received: ReceivedAnswer) -> None:
        row = self._row("select artist_name from library where id = %s", received.library_id)
        if row is None or row["artist_name"] != received.artist_name:
            return
        answer = received.answer
        if any(map(_is_poison, _leaves({**answer, "provenance": None, "tracks": None}))):
            raise Unwritable("a value that PostgreSQL cannot hold")
        if answer["kind"] == "single_artist":
            self._single_artist(received)
        elif answer["kind"] == "compilation" and _was_matched(received):
            self._credits(received)
            if received.cohort == "va" or self._records_attempts:
                self._record_attempt(received)
        elif self._records_attempts:
            self._record_attempt(received)

    def _record_attempt(self, received: ReceivedAnswer) -> None:
        row = self._row(
            "select unresolved_attempted_at from library where id = %s", received.library_id
        )
        assert row is not None
        if row["unresolved_attempted_at"] is None or row["unresolved_attempted_at"] < received.at:
            self._execute(
                "update library set unresolved_attempted_at = %s where id = %s",
                received.at,
                received.library_id,
            )

    def _single_artist(self, received: ReceivedAnswer) -> None:
        entries = [self._entry(each) for each in received.answer["provenance"]]
        main = received.answer["main"] or {}
        decided = {
            "method": received.answer["method"],
            "confidence": self._real(received.answer["confidence"]),
            "wikidata_qid": main.get("wikidata_qid"),
            "spotify_id": main.get("spotify_artist_id"),
            "apple_music_id": main.get("apple_music_artist_id"),
        }
        stored = self._row(
            "select * from library_identity where library_id = %s", received.library_id
        )
        if stored and stored["method"] == "manual" and stored["notes"] != NOTES_MARK:
            self._verify(received, stored)
        elif not stored or stored["last_verified_at"] <= received.at:
            self._decide(received, stored, decided, entries)

    def _decide(
        self, received: ReceivedAnswer, stored: DictRow | None, decided: Json, entries: list[Json]
    ) -> None:
        rows = self._rows(
            "select * from library_identity_source where library_id = %s", received.library_id
        )
        mentioned = {each["source"] for each in entries}
        dropped = [
            each for each in rows if each["notes"] == NOTES_MARK and each["source"] not in mentioned
        ]
        before = {each["source"]: each["external_id"] for each in rows}
        after = {**before, **{e["source"]: e["external_id"] for e in entries if _is_writable(e)}}
        for each in dropped:
            del after[each["source"]]
        if stored is None:
            self._insert_identity(received, decided)
        elif after != before or any(stored[name] != decided[name] for name in COMPARED):
            self._keep_history(received, stored, sorted(each["source"] for each in dropped))
            self._replace_identity(received, decided)
        else:
            self._verify(received, stored)
        for each in dropped:
            self._execute(
                "delete from library_identity_source where library_id = %s and source = %s",
                received.library_id,
                each["source"],
            )
        for each in entries:
            if _is_writable(each):
                self._put_source(received, each)

    def _verify(self, received: ReceivedAnswer, stored: DictRow) -> None:
        self._execute(
            "update library_identity set last_verified_at = %s where library_id = %s",
            max(received.at, stored["last_verified_at"]),
            received.library_id,
        )

    def _insert_identity(self, received: ReceivedAnswer, decided: Json) -> None:
        self._execute(
            "insert into library_identity (library_id, method, confidence, wikidata_qid, "
            "spotify_id, apple_music_id, last_verified_at, notes) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s)",
            received.library_id,
            *(decided[name] for name in COMPARED),
            received.at,
            NOTES_MARK,
        )

    def _replace_identity(self, received: ReceivedAnswer, decided: Json) -> None:
        self._execute(
            f"update library_identity set {', '.join(f'{name} = %s' for name in COMPARED)}, "
            "last_verified_at = %s, notes = %s where library_id = %s",
            *(decided[name] for name in COMPARED),
            received.at,
            NOTES_MARK,
            received.library_id,
        )

    def _keep_history(self, received: ReceivedAnswer, stored: DictRow, dropped: list[str]) -> None:
        reason = "LML decided otherwise"
        if dropped:
            reason += f"; it no longer mentions {', '.join(dropped)}"
        self._execute(
            f"insert into library_identity_history ({', '.join(KEPT_IN_HISTORY)}, library_id, "
            "superseded_at, superseded_reason, reason_category) "
            f"values ({', '.join(['%s'] * len(KEPT_IN_HISTORY))}, %s, %s, %s, 'decision_changed')",
            *(stored[name] for name in KEPT_IN_HISTORY),
            received.library_id,
            received.at,
            reason,
        )

    def _put_source(self, received: ReceivedAnswer, entry: Json) -> None:
        self._execute(
            "insert into library_identity_source "
            "(library_id, source, external_id, method, confidence, last_verified_at, notes) "
            "values (%s, %s, %s, %s, %s, %s, %s) on conflict (library_id, source) do update set "
            "external_id = excluded.external_id, method = excluded.method, "
            "confidence = excluded.confidence, last_verified_at = excluded.last_verified_at, "
            "notes = excluded.notes",
            received.library_id,
            *(entry[name] for name in ("source", "external_id", "method", "confidence")),
            received.at,
            NOTES_MARK,
        )

    def _entry(self, entry: Json) -> Json:
        clean = {key: None if _is_poison(value) else value for key, value in entry.items()}
        return clean | {"confidence": self._real(clean["confidence"])}

    def _credits(self, received: ReceivedAnswer) -> None:
        named: dict[tuple[str, str | None], list[Json]] = {}
        for each in received.answer["tracks"] or []:
            if any(map(_is_poison, _leaves(each))):
                continue
            if each["resolved_artist_name"] is None:
                self.counts["tracks_unresolved"] += 1
                continue
            named.setdefault((each["artist_name"], each["track_title"]), []).append(each)
        for (artist_name, title), entries in named.items():
            self._credit(received, artist_name, title, entries)

    def _credit(
        self, received: ReceivedAnswer, artist_name: str, title: str | None, tracks: list[Json]
    ) -> None:
        self.counts["track_keys"] += 1
        confidence = self._confidence(tracks[-1]["confidence"])
        row = self._row(
            "select * from compilation_track_artist where library_id = %s and artist_name = %s "
            "and track_title is not distinct from %s",
            received.library_id,
            artist_name,
            title,
        )
        if row is None:
            self.counts["tracks_without_credit"] += 1
            return
        artist_id = self._artist(tracks[-1]["resolved_artist_name"])
        self.counts["tracks_without_artist"] += artist_id is None
        if row["track_artist_link_method"] == "librarian":
            self.counts["tracks_librarian"] += 1
            return
        self._link(row, artist_id, confidence, self._position(row, tracks))

    def _confidence(self, value: Any) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not 0 <= value <= 1:
            self.counts["confidences_out_of_range"] += 1
            return None
        return value

    def _position(self, row: DictRow, tracks: list[Json]) -> str | None:
        offered = {each["track_position"] for each in tracks} - {None}
        position = row["track_position"]
        if position is None and len(offered) > 1:
            self.counts["positions_ambiguous"] += 1
        elif position is None and any(len(each) <= LONGEST_POSITION for each in offered):
            (position,) = offered
            self.counts["positions_written"] += 1
        return position

    def _link(
        self, row: DictRow, artist_id: int | None, confidence: float | None, position: str | None
    ) -> None:
        wanted = (artist_id, self._real(confidence), "lml_backfill", position)
        names = ("id", "confidence", "method")
        stored = (
            *(row[f"track_artist_{'link_' * (n != 'id')}{n}"] for n in names),
            row["track_position"],
        )
        if wanted == stored:
            self.counts["tracks_unchanged"] += 1
            return
        self.counts["tracks_written"] += 1
        self._execute(
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
        """Return a number rounded to a 4-byte float."""
        text = value if value is None or isinstance(value, str) else json.dumps(value)
        row = self._row("select %s::text::real as real", text)
        assert row is not None
        return row["real"]

    def _execute(self, statement: str, *values: Any) -> None:
        self._cursor.execute(statement.encode(), values)

    def _rows(self, statement: str, *values: Any) -> list[DictRow]:
        return self._cursor.execute(statement.encode(), values).fetchall()

    def _row(self, statement: str, *values: Any) -> DictRow | None:
        return self._cursor.execute(statement.encode(), values).fetchone()


def _was_matched(received: ReceivedAnswer) -> bool:
    answer = received.answer
    visited = answer["tracks_attempted"] is True or bool(answer["tracks"])
    return received.tracks_contract_version == 1 and visited


def _is_writable(entry: Json) -> bool:
    return None not in (entry["source"], entry["confidence"], entry["external_id"])


def _is_poison(value: Any) -> bool:
    """Return True for a NUL, a lone surrogate or a non-finite number, which JSONB cannot store."""
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
