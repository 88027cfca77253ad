"""The acceptance of a snapshot by a person, although checks failed."""

from wxyc_assets.adapters.postgres.acceptance_store import AcceptanceStore
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.coverage import Snapshot


class NotAccepted(Exception):
    """A snapshot was not accepted; the message says why and what to do."""


async def accept_newest(database: Database, *, accepted_by: str, why: str) -> Snapshot:
    """Accept the newest snapshot as the baseline of later ones; raises NotAccepted."""
    if not why.strip() or not accepted_by.strip():
        raise NotAccepted("Say who accepts the snapshot, and why: both go on record.")
    newest = await CoverageStore(database).newest(1)
    if not newest:
        raise NotAccepted("There is no snapshot yet. Take one with the job coverage_gates.")
    snapshot = newest[0]
    store = AcceptanceStore(database)
    if not await store.accept(snapshot.run_id, accepted_by=accepted_by.strip(), why=why.strip()):
        raise NotAccepted(
            f"The snapshot of {snapshot.taken_at:%Y-%m-%d %H:%M %Z} is accepted already. After a "
            "change, take a new one with the job coverage_gates first."
        )
    return snapshot
