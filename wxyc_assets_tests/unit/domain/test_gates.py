"""Every check at its limit, over hand-made snapshots."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wxyc_assets.domain.artwork import Eligibility
from wxyc_assets.domain.coverage import CoverState, Dimension, Slice, Snapshot, State, Violation
from wxyc_assets.domain.gates.evaluation import CHECK_DESCRIPTIONS, evaluate_gates
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.regression import COVERS, IDENTITIES, History, best_of
from wxyc_assets.domain.gates.result import GateResult, records_missing

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
FLOORS = Floors(
    coverage=0.99,
    identity=0.2,
    artwork=0.1,
    artwork_target=0.99,
    compilations=0.99,
    agreement=1.0,
    asked_twice=0,
    orphaned_sources=0,
    tolerance=0.005,
)
CEILING = 2_000
FIRST, SECOND = "0000001-0001000", "0001001-0002000"


def library_slice(
    member: str = "",
    states: Mapping[State, int] | None = None,
    covers: Mapping[CoverState, int] | None = None,
    **more: object,
) -> Slice:
    dimension = Dimension.ID_RANGE if member else Dimension.ALL
    usual = {"largest_id": 1_400}
    return Slice(dimension, member, states or {}, covers or {}, **(usual | more))  # pyright: ignore


def snapshot(total: Slice, *ranges: Slice, days_ago: float = 0) -> Snapshot:
    taken = NOW - timedelta(days=days_ago)
    return Snapshot(
        f"run {days_ago}", taken, True, Eligibility.DISCOGS_ARTIST, total, ranges=ranges
    )


def results(
    now: Snapshot, history: History | None = None, floors: Floors = FLOORS
) -> dict[str, GateResult]:
    return {each.name: each for each in evaluate_gates(now, history or History(), floors, CEILING)}


def with_identities(identified: int, in_scope: int = 1_000, **more: float) -> Snapshot:
    states = {State.STALE: identified, State.UNRESOLVED: in_scope - identified}
    each = library_slice(FIRST, states)
    return snapshot(replace(each, dimension=Dimension.ALL, member=""), each, **more)


def after(*before: Snapshot) -> History:
    return History(before, best_of(before, IDENTITIES), best_of(before, COVERS))


def test_every_check_is_evaluated_once_and_an_empty_library_is_described_as_such() -> None:
    found = results(snapshot(library_slice(largest_id=0)))
    assert list(found) == list(CHECK_DESCRIPTIONS)
    assert all(each.passed for each in found.values())
    assert "Nothing to check" in found["the_library_is_covered"].description


@pytest.mark.parametrize(("open_records", "passes"), [(10, True), (11, False)])
def test_an_identified_record_and_one_waiting_to_retry_are_covered(
    open_records: int, passes: bool
) -> None:
    states = {
        State.FRESH: 400,
        State.STALE: 300,
        State.REFUSED: 100,
        State.COMPILATION_MATCHED: 200 - open_records,
        State.NEVER_ASKED: open_records,
        State.NO_ARTIST_NAME: 50,
    }
    found = results(snapshot(library_slice(states=states)))["the_library_is_covered"]
    assert found.passed is passes
    assert found.number == (1_000 - open_records) / 1_000
    assert ("1 more is needed" in found.description) is not passes


@pytest.mark.parametrize("state", [State.NEVER_ASKED, State.NOT_WRITTEN, State.ATTEMPTED_LONG_AGO])
def test_open_records_are_not_covered_and_their_ranges_are_named(state: State) -> None:
    violations = {
        "violations": {Violation.UNCOVERED: 7},
        "offenders": {Violation.UNCOVERED: [3, 4]},
    }
    states = {State.FRESH: 20, state: 7}
    now = snapshot(
        library_slice(states=states),
        library_slice(SECOND, states, **violations),
        library_slice(FIRST, {State.FRESH: 9}),
    )
    found = results(now)["the_library_is_covered"]
    assert not found.passed
    assert found.offenders == (f"{SECOND}: 7 records (3, 4, ...)",)


def test_the_first_snapshot_is_compared_with_none() -> None:
    found = results(with_identities(500))["identity_coverage_holds"]
    assert found.passed
    assert "No earlier snapshot" in found.description


@pytest.mark.parametrize(("identified", "passes"), [(795, True), (794, False), (900, True)])
def test_identities_may_not_fall_below_the_best_earlier_snapshot(
    identified: int, passes: bool
) -> None:
    history = after(with_identities(700, days_ago=1), with_identities(800, days_ago=2))
    found = results(with_identities(identified), history)["identity_coverage_holds"]
    assert found.passed is passes
    assert "The best of the last 2 snapshots was at 80.00%, on 2026-04-29" in found.description
    lost = (f"{FIRST}: 80.00% -> {identified / 1000:.2%}",)
    assert found.offenders == (() if passes else lost)


def test_identities_may_not_fall_below_their_floor() -> None:
    found = results(with_identities(199))["identity_coverage_holds"]
    assert not found.passed
    assert (found.number, found.floor) == (0.199, 0.2)


def test_the_ranges_that_lost_most_come_first_and_new_ranges_are_not_named() -> None:
    def at(first: int, second: int, **more: float) -> Snapshot:
        ranges = [
            library_slice(FIRST, {State.FRESH: first, State.UNRESOLVED: 100 - first}),
            library_slice(SECOND, {State.FRESH: second, State.UNRESOLVED: 100 - second}),
        ]
        total = {State.FRESH: first + second, State.UNRESOLVED: 200 - first - second}
        return snapshot(library_slice(states=total), *ranges, **more)

    now = at(90, 60)
    found = results(now, after(at(95, 90, days_ago=1)))["identity_coverage_holds"]
    assert [each.partition(":")[0] for each in found.offenders] == [SECOND, FIRST]
    only_first = replace(now, ranges=now.ranges[:1])
    history = after(replace(at(95, 90, days_ago=1), ranges=only_first.ranges))
    assert results(now, history)["identity_coverage_holds"].offenders == ()


@pytest.mark.parametrize(("there", "passes"), [(600, True), (594, False), (50, False)])
def test_covers_may_not_be_lost(there: int, passes: bool) -> None:
    def at(there: int, **more: float) -> Snapshot:
        covers = {CoverState.THERE: there, CoverState.DENIED: 1_000 - there}
        return snapshot(library_slice(states={State.FRESH: 1_000}, covers=covers), **more)

    history = after(at(600, days_ago=1))
    assert results(at(there), history)["artwork_coverage_holds"].passed is passes


@pytest.mark.parametrize(("unknown", "passes"), [(1, True), (2, False)])
def test_a_cover_and_no_cover_found_both_count_for_the_target(unknown: int, passes: bool) -> None:
    covers = {
        CoverState.THERE: 60,
        CoverState.DENIED: 40 - unknown,
        CoverState.UNKNOWN: unknown,
        CoverState.NOT_WANTED: 900,
    }
    now = snapshot(library_slice(states={State.FRESH: 1_000}, covers=covers))
    assert results(now)["artwork_reaches_its_target"].passed is passes


@pytest.mark.parametrize(("unclassified", "passes"), [(1, True), (2, False)])
def test_compilations_are_classified(unclassified: int, passes: bool) -> None:
    total = library_slice(
        states={State.UNRESOLVED: 100},
        compilations=100,
        violations={Violation.UNCLASSIFIED: unclassified},
    )
    assert results(snapshot(total))["compilations_are_classified"].passed is passes


@pytest.mark.parametrize(
    ("violation", "name"),
    [
        (Violation.ASKED_TWICE, "nothing_is_asked_twice"),
        (Violation.DISAGREEING, "answers_agree_with_tables"),
        (Violation.ORPHANED, "no_source_is_orphaned"),
        (Violation.OUTSIDE, "no_row_lies_past_the_last_range"),
    ],
)
def test_one_violation_fails_its_own_check_and_no_other(violation: Violation, name: str) -> None:
    offending = {"violations": {violation: 1}, "offenders": {violation: [17]}}
    states, covers = {State.FRESH: 1_000}, {CoverState.NOT_WANTED: 1_000}
    now = snapshot(
        library_slice("", states, covers, **offending), library_slice(FIRST, states, **offending)
    )
    failed = [each for each in results(now).values() if not each.passed]
    assert [each.name for each in failed] == [name]
    assert failed[0].offenders == (f"{FIRST}: 1 record (17)",)


@pytest.mark.parametrize(("largest", "warns"), [(1_899, False), (1_900, True)])
def test_ranges_about_to_run_out_are_a_warning(largest: int, warns: bool) -> None:
    found = results(snapshot(library_slice(largest_id=largest)))["no_row_lies_past_the_last_range"]
    assert (not found.passed, found.is_warning) == (warns, warns)


def test_a_floor_is_reached_exactly_and_missing_records_are_whole() -> None:
    assert records_missing(989, 1_000, 0.99) == 1
    assert records_missing(990, 1_000, 0.99) == 0
    assert records_missing(0, 3, 0.5) == 2


def test_snapshots_of_another_scope_cannot_be_compared() -> None:
    wide = with_identities(500)
    assert wide.is_comparable(with_identities(1))
    assert not wide.is_comparable(replace(wide, is_wide=False))
    assert not wide.is_comparable(replace(wide, eligibility=Eligibility.ALL))
