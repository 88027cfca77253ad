"""Snapshots of the coverage: counted by the database, divided into slices, and stored."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from wxyc_assets.adapters.postgres.coverage_store import CoverageCount, CoverageStore
from wxyc_assets.domain.candidates import Cohort
from wxyc_assets.domain.coverage import (
    OUTSIDE,
    CoverageRules,
    CoverState,
    Dimension,
    Slice,
    Snapshot,
    State,
    Violation,
)
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.totals import Count


async def take_snapshot(
    coverage: CoverageStore,
    *,
    run_id: str,
    rules: CoverageRules,
    ranges: Sequence[IdRange],
    grace_days: float = 0,
) -> Snapshot:
    """Count the coverage, store it, and return the stored snapshot.

    A record that became due less than `grace_days` ago still counts as waiting to retry, and one
    that came in since then is counted as new: the next scheduled run will ask about it.
    """
    counted = await coverage.count(rules, ranges, grace_days=grace_days)
    slices = to_slices(counted, ranges)
    library = await coverage.count_library(run_id, rules, ranges)
    counts = {
        **library.counts,
        Count.COVERS_WANTED: slices[0].covers_wanted,
        Count.NEW_UNCOVERED: _new(counted, Violation.UNCOVERED),
        Count.NEW_WITHOUT_COVER: _new(counted, Violation.WITHOUT_COVER),
    }
    await coverage.put(run_id, rules, slices, replace(library, counts=counts))
    return (await coverage.load([run_id]))[run_id]


def _new(counted: Sequence[CoverageCount], violation: Violation) -> int:
    """Return how many of the violations are records that came in lately."""
    return sum(
        each.library_rows
        for each in counted
        if (each.dimension, each.measure, each.value) == (Dimension.ALL, "new", violation)
    )


def to_slices(counts: Sequence[CoverageCount], ranges: Sequence[IdRange]) -> list[Slice]:
    """Return one slice for the library, each cohort, each range, and each genre that occurs."""
    keys = {number: each.key for number, each in enumerate(ranges, start=1)}
    found: dict[tuple[str, str], list[CoverageCount]] = defaultdict(list)
    for each in counts:
        is_range = each.dimension == Dimension.ID_RANGE
        member = keys.get(each.place or 0, OUTSIDE) if is_range else each.member
        found[each.dimension, member].append(each)
    members = dict.fromkeys([*_expected(ranges), *sorted(found)])
    return [_slice(dimension, member, found[dimension, member]) for dimension, member in members]


def _slice(dimension: str, member: str, rows: Sequence[CoverageCount]) -> Slice:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for each in sorted(rows, key=lambda each: each.value):
        counts[each.measure][each.value] += each.library_rows
    return Slice(
        dimension=Dimension(dimension),
        member=member,
        states={State(name): number for name, number in counts["states"].items()},
        covers={CoverState(name): number for name, number in counts["covers"].items()},
        violations={Violation(name): number for name, number in counts["offenders"].items()},
        compilations=counts["compilations"].total(),
        compilations_matched=counts["compilations_matched"].total(),
        sources=dict(counts["sources"]),
        methods=dict(counts["methods"]),
        confidences=dict(counts["confidences"]),
        offenders={
            Violation(each.value): list(each.sample or ())
            for each in rows
            if each.measure == "offenders"
        },
        largest_id=max((each.largest_id for each in rows), default=0),
        identities=counts["identities"].total(),
    )


def _expected(ranges: Sequence[IdRange]) -> Iterator[tuple[str, str]]:
    """Return the members that have a slice even without records."""
    yield Dimension.ALL, ""
    yield from ((Dimension.COHORT, each) for each in Cohort)
    yield from ((Dimension.ID_RANGE, each.key) for each in ranges)
