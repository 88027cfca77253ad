"""The terms of LML's answers, and the outcome of a record by its answer."""

from enum import StrEnum
from typing import assert_never

from wxyc_assets.domain.counters import Outcome

RULES_VERSION = 1
"""The version of the rules by which answers are applied: this page, and the statements
`put_identities` and `put_credit_artists`. A change to what they write raises it: the next run then
applies the stored answers again, without asking LML."""
MAX_BAD_SHARE = 0.01
"""Of the rows of one answer; a single bad row is always tolerated."""


class AnswerKind(StrEnum):
    """A kind of answer (docs/contracts/lml.md, "POST /api/v1/identity/bulk-resolve-libraries")."""

    SINGLE_ARTIST = "single_artist"
    COMPILATION = "compilation"
    UNRESOLVED = "unresolved"


class Source(StrEnum):
    """A source of an identity (the same heading, "A provenance entry")."""

    DISCOGS = "discogs"
    MUSICBRAINZ = "musicbrainz"
    WIKIDATA = "wikidata"
    SPOTIFY = "spotify"
    APPLE_MUSIC = "apple_music"
    BANDCAMP = "bandcamp"


class Method(StrEnum):
    """A way in which LML found an identity (the same heading, "Methods")."""

    MANUAL = "manual"
    CROSS_SOURCE_AGREEMENT = "cross_source_agreement"
    EXACT_MATCH = "exact_match"
    NAME_VARIATION = "name_variation"
    MEMBER_GROUP = "member_group"
    ALIAS_MATCH = "alias_match"
    TRIGRAM = "trigram"
    LLM = "llm"


def are_few(bad: int, *, of: int) -> bool:
    """Return True if so few of a page's rows are bad that the others can be believed."""
    return bad <= max(1, of * MAX_BAD_SHARE)


def outcome_of(kind: AnswerKind, *, is_matched: bool) -> Outcome:
    """Return the outcome of an answer; `is_matched` matters for compilations only."""
    match kind:
        case AnswerKind.SINGLE_ARTIST:
            return Outcome.RESOLVED
        case AnswerKind.UNRESOLVED:
            return Outcome.UNRESOLVED
        case AnswerKind.COMPILATION:
            return Outcome.RESOLVED_COMPILATION if is_matched else Outcome.COMPILATION
        case _:
            assert_never(kind)
