"""A person's word on an identity or a cover of a record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from wxyc_assets.domain.answers import Source
from wxyc_assets.domain.artwork import url_obstacle
from wxyc_assets.domain.external_ids import FORMS_IN_WORDS, has_form


class Topic(StrEnum):
    """The part of a record that a verdict is about: its id in one source, or its cover."""

    DISCOGS = Source.DISCOGS.value
    MUSICBRAINZ = Source.MUSICBRAINZ.value
    WIKIDATA = Source.WIKIDATA.value
    SPOTIFY = Source.SPOTIFY.value
    APPLE_MUSIC = Source.APPLE_MUSIC.value
    BANDCAMP = Source.BANDCAMP.value
    COVER = "cover"


class Decision(StrEnum):
    """A person's decision about a value; the newest one about a value stands."""

    CONFIRM = "confirm"
    """It is right: written as manual, and never moved by a machine."""
    REJECT = "reject"
    """It is wrong: never written again for this record."""
    REPLACE = "replace"
    """This value is the right one, instead of whatever is there."""
    LATER = "later"
    """Undecided: withdraws an earlier decision about the value."""


@dataclass(frozen=True, slots=True)
class RecordVerdict:
    """One decision of one person about one value of a record."""

    library_id: int
    legacy_release_id: int | None
    """Follows a record that was deleted and restored; None: look it up by `library_id`."""
    topic: Topic
    value: str
    """An artist's id in the source, or the address of a cover."""
    decision: Decision
    decided_by: str
    decided_at: datetime
    note: str | None = None
    sample_id: str | None = None
    """The sample that this is a label of."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A decision that another person's later one overruled."""

    library_id: int
    topic: Topic
    overruled_value: str
    overruled_decision: Decision
    overruled_by: str
    value: str
    decision: Decision
    decided_by: str


@dataclass(frozen=True, slots=True)
class Intake:
    """The result of taking verdicts in."""

    new: int
    known: int
    """Verdicts that had been taken in before."""
    changes: Mapping[str, int]
    """Rows changed at once, by what was done to them."""
    conflicts: tuple[Conflict, ...] = ()


def objection(topic: Topic, value: str, decision: Decision) -> str | None:
    """Return why this value cannot be decided upon like this; None if it can."""
    match decision:
        case Decision.REJECT | Decision.LATER:
            return None
        case Decision.CONFIRM | Decision.REPLACE:
            return _objection_to_writing(topic, value)
        case _:
            assert_never(decision)


def _objection_to_writing(topic: Topic, value: str) -> str | None:
    if topic is Topic.COVER:
        obstacle = url_obstacle(value)
        return obstacle and f"{value!r:.80} cannot be written as a cover: {obstacle}"
    if has_form(topic, value):
        return None
    return f"{value!r:.80} is no {topic} id: expected {FORMS_IN_WORDS[topic]}"
