"""The releases of a range: derived from the kept answers, and written to identities if wanted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from wxyc_assets.adapters.postgres.errors import RowRefused
from wxyc_assets.adapters.postgres.kept_answer_store import KeptAnswerStore
from wxyc_assets.adapters.postgres.release_store import PutCount, ReleaseStore
from wxyc_assets.domain.artwork import NoCoverReason
from wxyc_assets.domain.batches import batched, bisect
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.releases import Release, release_of

BATCH_ROWS = 2_500
NOT_WANTED = "not_wanted"
"""The music director says that the record is not on Discogs, or its artist lost the id."""


@dataclass(slots=True)
class ReleasesReport:
    """The releases of one range."""

    id_range: IdRange
    put: PutCount
    without: Counter[str]
    """Records with an answer but without a release, by reason."""
    filled: int = 0
    """Identities that got their release."""
    write_errors: dict[int, str] = field(default_factory=dict[int, str])

    def figures(self) -> dict[str, int]:
        """Return every number by its public name."""
        return {
            "releases": self.put.releases,
            "written": self.put.written,
            "removed": self.put.removed,
            "identities_filled": self.filled,
            **{f"without.{reason}": rows for reason, rows in sorted(self.without.items())},
        }


async def derive_releases(
    answers: KeptAnswerStore, store: ReleaseStore, id_range: IdRange, run_id: str
) -> ReleasesReport:
    """Store what the kept answers of a range say; one that could not say leaves what is known."""
    releases: dict[int, tuple[Release, datetime]] = {}
    reasons: dict[int, str] = {}
    for kept in await answers.load(id_range):
        library_id, rules = kept.album.library_id, answers.scope.rules
        release = release_of(kept.found, kept.album, rules) if kept.is_eligible else NOT_WANTED
        if isinstance(release, Release):
            releases[library_id] = release, kept.answered_at
        else:
            reasons[library_id] = release
    withdrawn = [i for i, reason in reasons.items() if reason != NoCoverReason.UNKNOWN]
    put = await store.put(id_range, releases, withdrawn, run_id)
    return ReleasesReport(id_range, put, Counter(map(str, reasons.values())))


async def fill_identities(store: ReleaseStore, report: ReleasesReport, run_id: str) -> None:
    """Write the range's releases to identities that have none; a refused record fails alone."""

    async def write(batch: Sequence[int]) -> RowRefused | None:
        try:
            report.filled += await store.fill(batch, run_id)
        except RowRefused as error:
            return error
        return None

    for batch in batched(await store.fillable(report.id_range), BATCH_ROWS):
        if error := await write(batch):
            culprits = await bisect(batch, write, error)
            report.write_errors |= {row: str(reason) for row, reason in culprits.items()}
