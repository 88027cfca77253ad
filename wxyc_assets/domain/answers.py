"""What a kind of answer means for the library row that was asked about."""

from wxyc_assets.domain.counters import Outcome


def outcome_of(kind: str, *, is_matched: bool) -> Outcome:
    """How an answer of this kind counts; `is_matched` is meaningful for compilations only."""
    match kind:
        case "single_artist":
            return Outcome.RESOLVED
        case "unresolved":
            return Outcome.UNRESOLVED
        case "compilation":
            return Outcome.RESOLVED_COMPILATION if is_matched else Outcome.COMPILATION
        case _:
            raise ValueError(f"LML's contract knows no answer of kind {kind!r}")
