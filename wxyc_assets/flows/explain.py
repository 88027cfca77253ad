"""The explanation of one record, read from the tables under the rules of the environment."""

from datetime import datetime, timedelta
from typing import Any

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import CoverScope
from wxyc_assets.domain.candidates import (
    Cohort,
    LibraryRow,
    NotDue,
    Reason,
    due_reason,
    next_due_at,
)
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.explanation import CoverStep, Explanation
from wxyc_assets.domain.ranges import IdRange

FACTS = (
    "legacy_release_id",
    "code_volume_letters",
    "canonical_entity_id",
    "unresolved_attempted_at",
    "has_credits",
    "linked_credits",
    "candidate",
    "resolution",
    "identity",
    "sources",
    "history",
    "verdicts",
    "artwork_url",
    "cover_lookup",
    "release",
    "superseded",
    "journal",
    "doubts",
    "identities_completed_at",
    "covers_completed_at",
)


class NoSuchRecord(LookupError):
    """No record has this id."""


async def explain(
    database: Database, library_id: int, rules: CoverageRules, ranges: list[IdRange]
) -> Explanation:
    """Explain one record; raise NoSuchRecord."""
    rows = await database.fetch(
        "identity/select_record", {"library_id": library_id, **_rules_of_covers(rules.covers)}
    )
    if not rows:
        raise NoSuchRecord(f"The library has no record {library_id}.")
    (found,) = rows
    row, now = _deciding_facts(found), found["now"]
    verdict = due_reason(row, rules.scope, now)
    step = CoverStep(found["cover_step"])
    return Explanation(
        library_id=library_id,
        artist_name=found["artist_name"],
        album_title=found["album_title"],
        id_range=next((each.key for each in ranges if library_id in each), None),
        cohort=row.cohort,
        due_now=verdict if isinstance(verdict, Reason) else None,
        not_due_because=verdict if isinstance(verdict, NotDue) else None,
        due_at=next_due_at(row, rules.scope, now),
        cover_step=step,
        cover_due_at=found["cover_due_at"] if step is CoverStep.WAIT else None,
        facts={name: _as_text(found[name]) for name in FACTS},
    )


def _rules_of_covers(covers: CoverScope) -> dict[str, Any]:
    return {
        "retry_window": timedelta(days=covers.retry_days),
        "eligibility": covers.eligibility,
        "match": covers.rules.match,
        "least_confidence": covers.rules.least_confidence,
        "rules_version": covers.rules.version,
    }


def _deciding_facts(found: dict[str, Any]) -> LibraryRow:
    return LibraryRow(
        artist_name=found["artist_name"],
        is_canonical=found["canonical_entity_id"] is not None,
        cohort=Cohort(found["cohort"]),
        verified_at=found["verified_at"],
        attempted_at=found["unresolved_attempted_at"],
        unidentified_at=found["unidentified_at"],
        is_wanted_again=found["is_wanted_again"],
        is_reverted=found["is_reverted"],
    )


def _as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
