"""What happened to one library row: from its range to what was written, and why not."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.candidates import LibraryRow, NotDue, Reason, Scope, due_reason
from wxyc_assets.domain.ranges import IdRange


class NoSuchRecord(LookupError):
    """No library row has this id."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The story of a library row; `facts` are the rows that tables hold about it, or None."""

    library_id: int
    artist_name: str | None
    album_title: str
    id_range: str | None
    cohort: str
    due_now: str | None
    not_due_because: str | None
    facts: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


async def explain(
    database: Database, library_id: int, scope: Scope, ranges: list[IdRange]
) -> Explanation:
    """Raises NoSuchRecord."""
    async with database.transaction() as transaction:
        rows = await transaction.fetch("identity/select_record", {"library_id": library_id})
    if not rows:
        raise NoSuchRecord(f"The library has no record {library_id}.")
    (found,) = rows
    row = _facts_that_decide(found)
    verdict = due_reason(row, scope, found["now"])
    return Explanation(
        library_id=library_id,
        artist_name=found["artist_name"],
        album_title=found["album_title"],
        id_range=next((each.key for each in ranges if library_id in each), None),
        cohort=row.cohort,
        due_now=verdict if isinstance(verdict, Reason) else None,
        not_due_because=verdict if isinstance(verdict, NotDue) else None,
        facts=_shown(found),
    )


def _facts_that_decide(found: dict[str, Any]) -> LibraryRow:
    return LibraryRow(
        artist_name=found["artist_name"],
        is_canonical=found["canonical_entity_id"] is not None,
        code_volume_letters=found["code_volume_letters"],
        has_credits=found["has_credits"],
        verified_at=found["verified_at"],
        attempted_at=found["unresolved_attempted_at"],
        answered_nobody_at=found["answered_nobody_at"],
    )


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    names = (
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
        "artwork_url",
        "cover_lookup",
    )
    return {name: _as_text(found[name]) for name in names}


def _as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
