"""The kinds of LML's answers, and the outcome of a record by its answer."""

from enum import StrEnum
from typing import assert_never

from wxyc_assets.domain.counters import Outcome


class AnswerKind(StrEnum):
    """A kind of answer (docs/contracts/lml.md, "POST /api/v1/identity/bulk-resolve-libraries")."""

    SINGLE_ARTIST = "single_artist"
    COMPILATION = "compilation"
    UNRESOLVED = "unresolved"


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
