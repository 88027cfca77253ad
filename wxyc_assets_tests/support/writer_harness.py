"""One record about which LML says something, and its rows afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.candidates import Cohort, Scope
from wxyc_assets.flows.identity.apply_answers import ApplyResult
from wxyc_assets_tests.support.answers import (
    EVERYTHING,
    Json,
    apply,
    candidate,
    entry,
    store,
)
from wxyc_assets_tests.support.backend_db import BackendDb

EARLIER = datetime(2026, 4, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=10)
NARROW, WIDE, RECHECK = Scope(), Scope(include_null_canonical=True), Scope(recheck=True)
VA, NON_VA = Cohort.VA, Cohort.NON_VA

DISCOGS = entry("discogs", "388", method="alias_match", confidence=0.8)
WIKIDATA = entry("wikidata", "Q483718")
SPOTIFY = entry("spotify", "3SjdVAwFLH7Bf0hx3rPR9Y")
APPLE = entry("apple_music", "42")


class WriterHarness:
    """Record 1 is on the shelf; whatever LML says about it is stored and applied."""

    def __init__(self, backend_db: BackendDb, database: Database) -> None:
        self.backend_db, self.database = backend_db, database
        backend_db.record(1)

    async def hear(
        self,
        *answers: Json,
        at: datetime = NOW,
        scope: Scope = NARROW,
        cohort: Cohort = NON_VA,
        version: int | None = 1,
    ) -> ApplyResult:
        asked = [candidate(words["library_id"], cohort) for words in answers]
        await store(self.database, at, asked, answers, version=version)
        return await apply(self.database, at, scope, EVERYTHING)

    @property
    def identity(self) -> dict[str, Any] | None:
        return self.backend_db.row("select * from library_identity where library_id = 1")

    @property
    def sources(self) -> dict[str, dict[str, Any]]:
        rows = self.backend_db.rows("select * from library_identity_source where library_id = 1")
        return {row["source"]: row for row in rows}

    @property
    def history(self) -> list[dict[str, Any]]:
        return self.backend_db.rows("select * from library_identity_history order by history_id")

    @property
    def stamp(self) -> datetime | None:
        return self.backend_db.attempted_at(1)

    @property
    def resolution(self) -> dict[str, Any]:
        row = self.backend_db.row("select * from lml_resolution where library_id = 1")
        assert row is not None
        return row
