"""The state of one record: its range, what was asked and written, and why it is or is not due."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.candidates import Cohort, LibraryRow, NotDue, Reason, Scope, due_reason
from wxyc_assets.domain.ranges import IdRange


class NoSuchRecord(LookupError):
    """No record has this id."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The state of one record; `facts` are the table rows about it, or None."""

    library_id: int
    artist_name: str | None
    album_title: str
    id_range: str | None
    cohort: str
    due_now: str | None
    not_due_because: str | None
    facts: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the explanation for `--json`."""
        return asdict(self)


async def explain(
    database: Database, library_id: int, scope: Scope, ranges: list[IdRange]
) -> Explanation:
    """Explain one record; raise NoSuchRecord."""
    async with database.transaction() as transaction:
        rows = await transaction.fetch("identity/select_record", {"library_id": library_id})
    if not rows:
        raise NoSuchRecord(f"The library has no record {library_id}.")
    (found,) = rows
    row = _deciding_facts(found)
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


def _deciding_facts(found: dict[str, Any]) -> LibraryRow:
    return LibraryRow(
        artist_name=found["artist_name"],
        is_canonical=found["canonical_entity_id"] is not None,
        cohort=Cohort(found["cohort"]),
        verified_at=found["verified_at"],
        attempted_at=found["unresolved_attempted_at"],
        unidentified_at=found["unidentified_at"],
        is_wanted_again=found["is_wanted_again"],
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
