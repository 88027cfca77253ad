"""Deciding on covers again, from the answers that are kept: LML is not asked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.kept_answer_store import KeptAnswerStore
from wxyc_assets.adapters.postgres.range_locks import LockFamily, open_range_locks
from wxyc_assets.adapters.postgres.run_store import Pipeline, RunStore
from wxyc_assets.domain.artwork import Album, CoverScope
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.replay import (
    Effect,
    KeptDecision,
    Redecision,
    ReplayTotals,
    decide_again,
    judge_replay,
)
from wxyc_assets.domain.run_checks import WrittenCount
from wxyc_assets.flows.artwork.write_covers import write_covers
from wxyc_assets.flows.heartbeat import Watch, unwatched, watched

SAMPLES = 60
"""Records per effect that are kept for the contact sheet."""


@dataclass(slots=True)
class Replay:
    """The decisions of other rules, made or only shown."""

    totals: ReplayTotals = field(default_factory=ReplayTotals)
    samples: list[Redecision] = field(default_factory=list[Redecision])
    """The first records of each effect."""

    def add(self, redecisions: Sequence[Redecision]) -> None:
        """Add the records of one range."""
        self.totals.add(redecisions)
        shown = Counter(each.effect for each in self.samples)
        for each in redecisions:
            if each.is_shown and shown[each.effect] < SAMPLES:
                shown[each.effect] += 1
                self.samples.append(each)


class TooManyLosses(Exception):
    """The rules would take away more covers than a replay may; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """The options of a replay: the rules that decide are those of `scope`."""

    run_id: str
    scope: CoverScope
    applies: bool = False
    """False to write nothing."""
    max_drop: float
    """Share of our covers that may be taken away or replaced."""
    watch: Watch = unwatched
    """What follows the progress: first of deciding, then of writing."""


async def replay_covers(
    database: Database, ranges: Sequence[IdRange], options: ReplayOptions
) -> tuple[Replay, WrittenCount | None]:
    """Return what the rules decide, and with `applies` what is in the tables then.

    Raises TooManyLosses before anything is written.
    """
    replay = await plan_replay(database, options.scope, ranges, options.watch)
    if not options.applies:
        return replay, None
    verdict = judge_replay(replay.totals, max_drop=options.max_drop)
    if not verdict.passed:
        raise TooManyLosses(f"Nothing was written. {verdict.description}")
    books, rules = RunStore(database), CoverageRules(covers=options.scope)
    await books.begin(Pipeline.ARTWORK, options.run_id, rules, ranges, is_whole=False)
    return replay, await apply_replay(
        database, options.scope, ranges, options.run_id, options.watch
    )


async def plan_replay(
    database: Database, scope: CoverScope, ranges: Sequence[IdRange], watch: Watch = unwatched
) -> Replay:
    """Return what the rules of this scope would decide about the stored answers."""
    store, replay = KeptAnswerStore(database, scope), Replay()
    async with watched(watch, "ranges decided on", len(ranges)) as progress:
        for id_range in ranges:
            replay.add(decide_again(await store.load(id_range), scope.rules))
            replay.totals.not_kept += await store.count_not_kept(id_range)
            progress.advance()
    return replay


async def apply_replay(
    database: Database,
    scope: CoverScope,
    ranges: Sequence[IdRange],
    run_id: str,
    watch: Watch = unwatched,
) -> WrittenCount:
    """Store what the rules decide, and write the covers; return what is in the tables then.

    Covers of ours that the rules reject are taken back; nobody else's is touched.
    """
    answers, covers = KeptAnswerStore(database, scope), ArtworkStore(database, scope)
    counts: list[WrittenCount] = []
    async with (
        open_range_locks(database, LockFamily.ARTWORK) as locks,
        watched(watch, "ranges written", len(ranges)) as progress,
    ):
        for id_range in sorted(ranges):
            await locks.take(id_range)
            await _decide(answers, await answers.load(id_range), run_id)
            await write_covers(covers, id_range, run_id)
            counts.append(await covers.count_written(id_range, run_id))
            await database.flush(id_range.key)
            await locks.release(id_range)
            progress.advance()
    await database.analyze("library", "artwork_lookup")
    return WrittenCount(
        stored=sum(each.stored for each in counts),
        not_written=sum(each.not_written for each in counts),
        differing=sum(each.differing for each in counts),
        offenders=[row for each in counts for row in each.offenders][:10],
    )


async def decide_stored(
    store: KeptAnswerStore, id_range: IdRange, albums: Sequence[Album], run_id: str
) -> int:
    """Decide on these records again, by the rules of a run; return how many differ.

    The run holds the range's lock, and writes what is found.
    """
    return await _decide(store, await store.load(id_range, [a.library_id for a in albums]), run_id)


async def _decide(store: KeptAnswerStore, kept: Sequence[KeptDecision], run_id: str) -> int:
    mine = [each for each in decide_again(kept, store.scope.rules) if not each.kept.is_others]
    if storable := [each for each in mine if each.needs_storing]:
        await store.put(storable, run_id)
    return sum(each.effect is not Effect.SAME for each in mine)
