"""Records to review, as a CSV sheet that can be filled in and taken in as a verdict file."""

from collections.abc import Iterable, Iterator

from wxyc_assets.domain.review import ReviewCandidate, ReviewCard
from wxyc_assets.domain.verdict_file import SHOWN_COLUMNS, write_sheet

FORMULA_SIGNS = ("=", "+", "-", "@", "\t")
ONLY_IN_REVIEWS = ("plays", "doubts")


def sheet(cards: Iterable[ReviewCard], *, sample_id: str | None = None) -> str:
    """Return one line per candidate, without decisions; a sample's without plays and doubts."""
    columns = [each for each in SHOWN_COLUMNS if not (sample_id and each in ONLY_IN_REVIEWS)]
    return write_sheet(_rows(cards, sample_id, columns), *columns)


def _rows(
    cards: Iterable[ReviewCard], sample_id: str | None, columns: list[str]
) -> Iterator[dict[str, object]]:
    for card in cards:
        for each in card.candidates:
            shown = _shown(card, each)
            yield {
                "library_id": card.library_id,
                "legacy_release_id": card.legacy_release_id,
                "topic": each.topic,
                "value": each.value,
                "sample_id": sample_id,
                **{name: shown[name] for name in columns},
            }


def _shown(card: ReviewCard, candidate: ReviewCandidate) -> dict[str, object]:
    return {
        "artist_name": _as_text(card.artist_name),
        "album_title": _as_text(card.album_title),
        "link": candidate.link,
        "plays": card.plays,
        "doubts": _as_text("; ".join(each.words for each in card.doubts)),
    }


def _as_text(name: str) -> str:
    """Return the name so that a spreadsheet does not take it for a formula."""
    return f"'{name}" if name.startswith(FORMULA_SIGNS) else name
