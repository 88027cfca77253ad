"""What people are told: something went wrong, or it is right again; each of it once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import assert_never

TEXT_SHOWN = 3_000
FACT_SHOWN = 500


class Kind(StrEnum):
    """What can be in trouble."""

    CHECK = "check"
    RUN = "run"


class Level(StrEnum):
    """How bad it is, in Sentry's words; only a recovery is good news."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Subject:
    """A check on an asset, or a job, over a range of ids or over all."""

    kind: Kind
    name: str
    asset: str = ""
    id_range: str | None = None

    @property
    def key(self) -> str:
        return "|".join((self.kind, self.asset, self.name, self.id_range or ""))

    @property
    def words(self) -> str:
        """For a title."""
        name = f"{self.asset}: {self.name}" if self.kind is Kind.CHECK else self.name
        return f"{name} ({self.id_range})" if self.id_range else name

    @property
    def tags(self) -> dict[str, str]:
        name = "check" if self.kind is Kind.CHECK else "job"
        tags = {"asset": self.asset, name: self.name, "id_range": self.id_range or ""}
        return {tag: value for tag, value in tags.items() if value}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failed run, or a check that does not hold."""

    subject: Subject
    run_id: str
    at: datetime
    text: str
    level: Level = Level.ERROR
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Success:
    """A run that succeeded, or a check that holds."""

    subject: Subject
    run_id: str
    at: datetime


Occurrence = Trouble | Success


@dataclass(frozen=True, slots=True)
class Alert:
    """What people are told about one occurrence."""

    subject: Subject
    run_id: str
    at: datetime
    level: Level
    title: str
    text: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    facts: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_recovery(self) -> bool:
        return self.level is Level.INFO

    @property
    def event_id(self) -> str:
        """32 hexadecimal digits, the same each time that the same thing is told."""
        told = "|".join((self.subject.key, self.run_id, str(self.is_recovery)))
        return sha256(told.encode()).hexdigest()[:32]


ENDINGS: dict[tuple[Kind, type[Occurrence]], str] = {
    (Kind.CHECK, Trouble): "does not hold",
    (Kind.CHECK, Success): "holds again",
    (Kind.RUN, Trouble): "failed",
    (Kind.RUN, Success): "succeeds again",
}


def to_alert(occurrence: Occurrence) -> Alert:
    """The occurrence in words, cut to what fits."""
    subject = occurrence.subject
    title = f"{subject.words} {ENDINGS[subject.kind, type(occurrence)]}"
    match occurrence:
        case Success():
            return Alert(subject, occurrence.run_id, occurrence.at, Level.INFO, title)
        case Trouble():
            return Alert(
                subject,
                occurrence.run_id,
                occurrence.at,
                occurrence.level,
                title,
                text=occurrence.text[:TEXT_SHOWN],
                numbers=occurrence.numbers,
                facts={name: fact[:FACT_SHOWN] for name, fact in occurrence.facts.items()},
            )
        case _:
            assert_never(occurrence)


def due(occurrences: Iterable[Occurrence], open_since: Mapping[str, datetime]) -> list[Alert]:
    """One alert for each trouble, and one when a subject that was in trouble is well.

    `open_since` says which subjects were last heard of in trouble, by key, and when. A success
    from before that moment ends nothing, so the same occurrences may be read again.
    """
    in_trouble = dict(open_since)
    alerts: list[Alert] = []
    for each in sorted(occurrences, key=lambda each: each.at):
        key = each.subject.key
        if isinstance(each, Trouble):
            in_trouble[key] = each.at
            alerts.append(to_alert(each))
        elif key in in_trouble and each.at > in_trouble[key]:
            del in_trouble[key]
            alerts.append(to_alert(each))
    return alerts
