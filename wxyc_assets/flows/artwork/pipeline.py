"""From library rows without a cover to covers, range by range.

Lookups are in flight across range borders; while one range's covers are written, the next range's
questions are asked.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore, RangeWorklist
from wxyc_assets.adapters.postgres.range_locks import RangeLocks, open_locks
from wxyc_assets.domain.cover_outcomes import WriteOutcome
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.artwork.cover_lookup import CoverLookup, RangeLookups
from wxyc_assets.flows.artwork.lookup_buffer import LookupBuffer
from wxyc_assets.flows.artwork.report import ArtworkReport, build_report
from wxyc_assets.flows.artwork.write_covers import CoverWriteResult, write_covers
from wxyc_assets.telemetry import logs

COVERS_SHOWN = 12
RANGES_WRITTEN_AT_ONCE = 4

Report = Callable[[ArtworkReport], None]


@dataclass(slots=True)
class ArtworkSummary:
    """What became of a whole run."""

    why_open: dict[IdRange, str] = field(default_factory=dict[IdRange, str])
    stopped: LmlError | None = None
    touched: set[str] = field(default_factory=set[str])
    """Tables with new rows."""


class ArtworkPipeline:
    """Takes ranges through looking up and writing."""

    def __init__(
        self, artwork: ArtworkStore, looking_up: CoverLookup, outbox: LookupBuffer
    ) -> None:
        self._artwork = artwork
        self._looking_up = looking_up
        self._outbox = outbox
        self._writing = asyncio.Semaphore(RANGES_WRITTEN_AT_ONCE)
        self._reporting = asyncio.Lock()

    async def run(self, ranges: Sequence[IdRange], report: Report) -> ArtworkSummary:
        """Works through the ranges in order; `report` hears of each as soon as it is done.

        Raises DatabaseError; whatever was committed until then stands.
        """
        summary = ArtworkSummary()
        async with open_locks(self._artwork.database) as locks, asyncio.TaskGroup() as workers:
            working = workers.create_task(self._looking_up.run())
            async with asyncio.TaskGroup() as finishing:
                for id_range in sorted(ranges):
                    if self._looking_up.stopped:
                        summary.why_open[id_range] = "not begun"
                        continue
                    await locks.take(id_range)
                    wanted = await self._artwork.wanted(id_range)
                    lookups = await self._looking_up.ask(wanted.due)
                    finishing.create_task(
                        self._finish(id_range, wanted, lookups, locks, report, summary)
                    )
            working.cancel()
        summary.stopped = self._looking_up.stopped
        if self._outbox.stored:
            summary.touched.add("artwork_lookup")
        return summary

    async def _finish(
        self,
        id_range: IdRange,
        wanted: RangeWorklist,
        lookups: RangeLookups,
        locks: RangeLocks,
        report: Report,
        summary: ArtworkSummary,
    ) -> None:
        await lookups.settled.wait()
        with logs.about(id_range=id_range.key):
            async with self._writing:
                done = await self._write(id_range, wanted, lookups)
        await locks.give(id_range)
        if done.tally.outcomes[WriteOutcome.WRITTEN]:
            summary.touched.add("library")
        if done.open_rows:
            summary.why_open[id_range] = done.why_open
        async with self._reporting:
            await asyncio.to_thread(report, done)  # it writes to Dagster's storage

    async def _write(
        self, id_range: IdRange, wanted: RangeWorklist, lookups: RangeLookups
    ) -> ArtworkReport:
        await self._outbox.store()
        written = CoverWriteResult()
        if lookups.covers or wanted.waiting:
            written = await write_covers(self._artwork, id_range)
        covered = await self._artwork.covered(id_range)
        first_covers = await self._artwork.first_covers(id_range, COVERS_SHOWN)
        done = build_report(id_range, wanted, lookups, written, covered, first_covers)
        if done.tally.scanned:
            await self._artwork.database.flush(id_range.key)
        return done
