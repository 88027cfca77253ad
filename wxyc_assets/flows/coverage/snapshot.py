"""Snapshots of the coverage: counted by the database, divided into slices, and stored."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

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
    table = _table(counts, ranges)
    groups = table.groupby(["dimension", "member"])
    found = {(str(key[0]), str(key[1])): rows for key, rows in groups}
    nothing = table.iloc[:0]
    return [
        _slice(dimension, member, found.get((dimension, member), nothing))
        for dimension, member in dict.fromkeys([*_expected(ranges), *found])
    ]


def _slice(dimension: str, member: str, rows: pd.DataFrame) -> Slice:
    def counts(measure: str) -> dict[str, int]:
        chosen = rows[rows["measure"] == measure]
        summed = chosen.groupby("value")["library_rows"].sum().sort_index()
        return {str(value): int(number) for value, number in summed.items()}

    offenders = rows[rows["measure"] == "offenders"]
    return Slice(
        dimension=Dimension(dimension),
        member=member,
        states={State(name): number for name, number in counts("states").items()},
        covers={CoverState(name): number for name, number in counts("covers").items()},
        violations={Violation(name): number for name, number in counts("offenders").items()},
        compilations=sum(counts("compilations").values()),
        compilations_matched=sum(counts("compilations_matched").values()),
        sources=counts("sources"),
        methods=counts("methods"),
        confidences=counts("confidences"),
        offenders={
            Violation(name): list(ids)
            for name, ids in zip(offenders["value"], offenders["sample"], strict=True)
        },
        largest_id=0 if rows.empty else int(rows["largest_id"].max()),
        identities=sum(counts("identities").values()),
    )


def _table(counts: Sequence[CoverageCount], ranges: Sequence[IdRange]) -> pd.DataFrame:
    columns = list(CoverageCount.__slots__)
    table = pd.DataFrame(
        [[getattr(each, name) for name in columns] for each in counts], columns=columns
    )
    keys = {number: each.key for number, each in enumerate(ranges, start=1)}
    is_range = table["dimension"] == Dimension.ID_RANGE
    table.loc[is_range, "member"] = table.loc[is_range, "place"].map(keys).fillna(OUTSIDE)
    return table


def _expected(ranges: Sequence[IdRange]) -> Iterator[tuple[str, str]]:
    """Return the members that have a slice even without records."""
    yield Dimension.ALL, ""
    yield from ((Dimension.COHORT, each) for each in Cohort)
    yield from ((Dimension.ID_RANGE, each.key) for each in ranges)
