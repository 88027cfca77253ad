"""Alerts: one for each failure, and one for each recovery."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import assert_never

MAX_TEXT = 3_000
MAX_FACT = 500


class Kind(StrEnum):
    """The kinds of subject that an alert can be about."""

    CHECK = "check"
    RUN = "run"


class Level(StrEnum):
    """Sentry's levels; a recovery is INFO."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Subject:
    """A check on an asset, or a job, for one range of ids or for all."""

    kind: Kind
    name: str
    asset: str = ""
    id_range: str | None = None

    @property
    def key(self) -> str:
        return "|".join((self.kind, self.asset, self.name, self.id_range or ""))

    @property
    def title(self) -> str:
        """The subject as it stands in the title of an alert."""
        name = f"{self.asset}: {self.name}" if self.kind is Kind.CHECK else self.name
        return f"{name} ({self.id_range})" if self.id_range else name

    @property
    def tags(self) -> dict[str, str]:
        name = "check" if self.kind is Kind.CHECK else "job"
        tags = {"asset": self.asset, name: self.name, "id_range": self.id_range or ""}
        return {tag: value for tag, value in tags.items() if value}


@dataclass(frozen=True, slots=True)
class Details:
    """Details for a person on the road: places, examples, and what to do."""

    places: tuple[str, ...] = ()
    """Ranges or counts, the worst first."""
    examples: tuple[str, ...] = ()
    """Records by artist and title."""
    what_to_do: str = ""
    """A link to a page, or its path in the repository."""


NO_DETAILS = Details()


@dataclass(frozen=True, slots=True)
class OpenFailure:
    """A subject that fails: since when, and when it failed last."""

    since: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed run, or a check that did not pass."""

    subject: Subject
    run_id: str
    at: datetime
    text: str
    level: Level = Level.ERROR
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    details: Details = NO_DETAILS


@dataclass(frozen=True, slots=True)
class Success:
    """A run that succeeded, or a check that passed."""

    subject: Subject
    run_id: str
    at: datetime


Occurrence = Failure | Success


@dataclass(frozen=True, slots=True)
class Alert:
    """The message about one occurrence."""

    subject: Subject
    run_id: str
    at: datetime
    level: Level
    title: str
    text: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    details: Details = NO_DETAILS
    since: datetime | None = None
    """When the subject began to fail."""

    @property
    def is_recovery(self) -> bool:
        return self.level is Level.INFO

    @property
    def event_id(self) -> str:
        """32 hexadecimal digits, the same whenever the same occurrence is reported."""
        identity = "|".join((self.subject.key, self.run_id, str(self.is_recovery)))
        return sha256(identity.encode()).hexdigest()[:32]


ENDINGS: dict[tuple[Kind, type[Occurrence]], str] = {
    (Kind.CHECK, Failure): "fails",
    (Kind.CHECK, Success): "passes again",
    (Kind.RUN, Failure): "failed",
    (Kind.RUN, Success): "succeeds again",
}


def to_alert(occurrence: Occurrence, since: datetime) -> Alert:
    """Return the alert for an occurrence, with texts cut to a length that channels accept.

    `since` is when its subject began to fail.
    """
    subject = occurrence.subject
    title = f"{subject.title} {ENDINGS[subject.kind, type(occurrence)]}"
    match occurrence:
        case Success():
            return Alert(subject, occurrence.run_id, occurrence.at, Level.INFO, title, since=since)
        case Failure():
            return Alert(
                subject,
                occurrence.run_id,
                occurrence.at,
                occurrence.level,
                title,
                text=occurrence.text[:MAX_TEXT],
                numbers=occurrence.numbers,
                facts={name: fact[:MAX_FACT] for name, fact in occurrence.facts.items()},
                details=occurrence.details,
                since=since,
            )
        case _:
            assert_never(occurrence)


def due(occurrences: Iterable[Occurrence], open_failures: Mapping[str, OpenFailure]) -> list[Alert]:
    """Return one alert for each failure, and one when a failing subject recovers.

    `open_failures` holds the failing subjects, by key. A success from before the last failure is no
    recovery, so the same occurrences may be read again.
    """
    failing = dict(open_failures)
    alerts: list[Alert] = []
    for each in sorted(occurrences, key=lambda each: each.at):
        key = each.subject.key
        if isinstance(each, Failure):
            since = min(each.at, failing[key].since) if key in failing else each.at
            failing[key] = OpenFailure(since, each.at)
            alerts.append(to_alert(each, since))
        elif key in failing and each.at > failing[key].last:
            alerts.append(to_alert(each, failing.pop(key).since))
    return alerts
