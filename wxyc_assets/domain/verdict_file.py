"""The verdict file: CSV with a header line, one verdict per line.

A line without a decision is skipped, so that a sheet of candidates can be filled in bit by bit.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from wxyc_assets.domain.verdicts import Decision, RecordVerdict, Topic, objection

COLUMNS = (
    "library_id",
    "legacy_release_id",
    "topic",
    "value",
    "decision",
    "decided_by",
    "decided_at",
    "note",
    "sample_id",
)
REQUIRED = ("library_id", "topic", "value", "decision")
SHOWN_COLUMNS = ("artist_name", "album_title", "link", "plays", "doubts")
"""Columns of a sheet that are for its reader, and are ignored here."""
LARGEST_ID = 2**31 - 1
CLOCK_TOLERANCE = timedelta(minutes=10)
Term = TypeVar("Term", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class NumberedVerdict:
    """A verdict with the number of its line in the file."""

    line: int
    verdict: RecordVerdict


class VerdictFileInvalid(ValueError):
    """The file cannot be taken in; `complaints` has one line for each thing that is wrong."""

    def __init__(self, complaints: Iterable[str]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(self.complaints))


class _LineInvalid(Exception):
    """One line cannot be read as a verdict."""


def read_verdicts(text: str, *, now: datetime, decided_by: str | None) -> list[NumberedVerdict]:
    """Return the verdicts of a file; raise VerdictFileInvalid with everything that is wrong.

    `decided_by` and `now` stand for an empty name or time.
    """
    if "\0" in text:
        at = text[: text.index("\0")].count("\n") + 1
        raise VerdictFileInvalid([f"line {at}: it contains a NUL, which no table can store"])
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    verdicts: list[NumberedVerdict] = []
    complaints: list[str] = []
    try:
        _check_header(rows.fieldnames or [])
        for row in rows:
            try:
                if verdict := _verdict(row, now, decided_by):
                    verdicts.append(NumberedVerdict(rows.line_num, verdict))
            except _LineInvalid as error:
                complaints.append(f"line {rows.line_num}: {error}")
    except csv.Error as error:
        complaints.append(f"behind line {rows.line_num}: not CSV: {error}")
    complaints += _repetitions(verdicts)
    if complaints:
        raise VerdictFileInvalid(complaints)
    return verdicts


def write_verdicts(verdicts: Iterable[RecordVerdict]) -> str:
    """Return a verdict file, which `read_verdicts` reads back."""
    return write_sheet(
        {
            **{name: getattr(each, name) for name in COLUMNS},
            "decided_at": each.decided_at.isoformat(),
        }
        for each in verdicts
    )


def write_sheet(rows: Iterable[Mapping[str, object]], *more_columns: str) -> str:
    """Return the CSV of rows with the file's columns, and with some for the reader."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*COLUMNS, *more_columns], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _check_header(names: Iterable[str]) -> None:
    given = [*names]
    missing = [each for each in REQUIRED if each not in given]
    unknown = [each for each in given if each not in (*COLUMNS, *SHOWN_COLUMNS)]
    repeated = sorted({each for each in given if given.count(each) > 1})
    complaints = [
        f"line 1: {what}: {', '.join(map(repr, wrong))}; the columns are {', '.join(COLUMNS)}"
        for what, wrong in (
            ("missing columns", missing),
            ("unknown columns", unknown),
            ("repeated columns", repeated),
        )
        if wrong
    ]
    if complaints:
        raise VerdictFileInvalid(complaints)


def _verdict(
    row: Mapping[str | None, str | None], now: datetime, decided_by: str | None
) -> RecordVerdict | None:
    if None in row or None in row.values():
        raise _LineInvalid("it does not have as many fields as the header")
    said = {name or "": (text or "").strip() for name, text in row.items()}
    if not said["decision"]:
        return None
    decision, topic = _term(said, "decision", Decision), _term(said, "topic", Topic)
    if not said["value"]:
        raise _LineInvalid("value is empty: name the id, or the cover's address")
    if why_not := objection(topic, said["value"], decision):
        raise _LineInvalid(why_not)
    return RecordVerdict(
        library_id=_number(said, "library_id"),
        legacy_release_id=_number(said, "legacy_release_id")
        if said.get("legacy_release_id")
        else None,
        topic=topic,
        value=said["value"],
        decision=decision,
        decided_by=_person(said.get("decided_by") or decided_by),
        decided_at=_moment(said.get("decided_at"), now),
        note=said.get("note") or None,
        sample_id=said.get("sample_id") or None,
    )


def _term(said: Mapping[str, str], name: str, terms: type[Term]) -> Term:
    try:
        return terms(said[name])
    except ValueError:
        raise _LineInvalid(f"{name} is {said[name]!r:.60}, not one of {', '.join(terms)}") from None


def _number(said: Mapping[str, str], name: str) -> int:
    text = said[name]
    if not (text.isascii() and text.isdigit() and 0 < int(text[:11]) <= LARGEST_ID):
        raise _LineInvalid(f"{name} is {text!r:.60}, not a record's number")
    return int(text)


def _person(name: str | None) -> str:
    if not name:
        raise _LineInvalid("decided_by is empty: say who decided, in the file or with --by")
    return name


def _moment(text: str | None, now: datetime) -> datetime:
    if not text:
        return now
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _LineInvalid(f"decided_at is {text!r:.60}, not an ISO 8601 time") from None
    if moment.tzinfo is None:
        raise _LineInvalid(f"decided_at is {text!r:.60}, without its offset from UTC, such as Z")
    if moment > now + CLOCK_TOLERANCE:
        raise _LineInvalid(f"decided_at is {text!r:.60}, in the future")
    return moment.astimezone(UTC)


def _repetitions(verdicts: Iterable[NumberedVerdict]) -> Iterator[str]:
    seen: dict[tuple[object, ...], int] = {}
    for each in verdicts:
        said = each.verdict
        key = (said.library_id, said.topic, said.value, said.decided_by, said.decided_at)
        first = seen.setdefault(key, each.line)
        if first != each.line:
            yield (
                f"line {each.line}: {said.decided_by} decided at the same moment about the same "
                f"value as on line {first}; keep one of them"
            )
