"""Every gate at its border, over snapshots made by hand."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wxyc_assets.domain.artwork import Eligibility
from wxyc_assets.domain.coverage import CoverState, Dimension, Slice, Snapshot, State, Violation
from wxyc_assets.domain.gates import (
    COVERS,
    IDENTITIES,
    SENTENCES,
    Floors,
    GateResult,
    History,
    best_of,
    evaluate_gates,
    rows_missing,
)

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


def cut(
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


def verdicts(
    now: Snapshot, past: History | None = None, floors: Floors = FLOORS
) -> dict[str, GateResult]:
    return {each.name: each for each in evaluate_gates(now, past or History(), floors, CEILING)}


def with_identities(identified: int, in_scope: int = 1_000, **more: float) -> Snapshot:
    states = {State.STALE: identified, State.UNRESOLVED: in_scope - identified}
    each = cut(FIRST, states)
    return snapshot(replace(each, dimension=Dimension.ALL, member=""), each, **more)


def after(*before: Snapshot) -> History:
    return History(before, best_of(before, IDENTITIES), best_of(before, COVERS))


def test_every_sentence_is_judged_once_and_an_empty_library_says_that_it_is():
    found = verdicts(snapshot(cut(largest_id=0)))
    assert list(found) == list(SENTENCES)
    assert all(each.holds for each in found.values())
    assert "nothing to judge" in found["the_library_is_covered"].words


@pytest.mark.parametrize(("open_rows", "holds"), [(10, True), (11, False)])
def test_identified_or_at_rest_is_covered(open_rows: int, holds: bool):
    states = {
        State.FRESH: 400,
        State.STALE: 300,
        State.REFUSED: 100,
        State.COMPILATION_MATCHED: 200 - open_rows,
        State.NEVER_ASKED: open_rows,
        State.NO_ARTIST_NAME: 50,
    }
    found = verdicts(snapshot(cut(states=states)))["the_library_is_covered"]
    assert found.holds is holds
    assert found.number == (1_000 - open_rows) / 1_000
    assert ("1 more are needed" in found.words) is not holds


@pytest.mark.parametrize("state", [State.NEVER_ASKED, State.NOT_WRITTEN, State.ATTEMPTED_LONG_AGO])
def test_what_is_open_is_not_covered_and_its_ranges_are_named(state: State):
    offence = {"offences": {Violation.UNCOVERED: 7}, "offenders": {Violation.UNCOVERED: [3, 4]}}
    states = {State.FRESH: 20, state: 7}
    now = snapshot(cut(states=states), cut(SECOND, states, **offence), cut(FIRST, {State.FRESH: 9}))
    found = verdicts(now)["the_library_is_covered"]
    assert not found.holds
    assert found.offenders == (f"{SECOND}: 7 rows, such as 3, 4",)


def test_the_first_snapshot_has_nothing_to_lose():
    found = verdicts(with_identities(500))["identity_coverage_holds"]
    assert found.holds
    assert "No snapshot before this one" in found.words


@pytest.mark.parametrize(("identified", "holds"), [(795, True), (794, False), (900, True)])
def test_identities_do_not_fall_below_the_best_before(identified: int, holds: bool):
    past = after(with_identities(700, days_ago=1), with_identities(800, days_ago=2))
    found = verdicts(with_identities(identified), past)["identity_coverage_holds"]
    assert found.holds is holds
    assert "The best of the last 2 snapshots was 80.00%, on 2026-04-29" in found.words
    lost = (f"{FIRST}: 80.00% -> {identified / 1000:.2%}",)
    assert found.offenders == (() if holds else lost)


def test_identities_do_not_fall_below_their_floor_either():
    found = verdicts(with_identities(199))["identity_coverage_holds"]
    assert not found.holds
    assert (found.number, found.floor) == (0.199, 0.2)


def test_the_ranges_that_lost_most_come_first_and_new_ones_lost_nothing():
    def at(first: int, second: int, **more: float) -> Snapshot:
        ranges = [
            cut(FIRST, {State.FRESH: first, State.UNRESOLVED: 100 - first}),
            cut(SECOND, {State.FRESH: second, State.UNRESOLVED: 100 - second}),
        ]
        total = {State.FRESH: first + second, State.UNRESOLVED: 200 - first - second}
        return snapshot(cut(states=total), *ranges, **more)

    now = at(90, 60)
    found = verdicts(now, after(at(95, 90, days_ago=1)))["identity_coverage_holds"]
    assert [each.partition(":")[0] for each in found.offenders] == [SECOND, FIRST]
    only_first = replace(now, ranges=now.ranges[:1])
    past = after(replace(at(95, 90, days_ago=1), ranges=only_first.ranges))
    assert verdicts(now, past)["identity_coverage_holds"].offenders == ()


@pytest.mark.parametrize(("there", "holds"), [(600, True), (594, False), (50, False)])
def test_covers_are_not_lost(there: int, holds: bool):
    def at(there: int, **more: float) -> Snapshot:
        covers = {CoverState.THERE: there, CoverState.DENIED: 1_000 - there}
        return snapshot(cut(states={State.FRESH: 1_000}, covers=covers), **more)

    past = after(at(600, days_ago=1))
    assert verdicts(at(there), past)["artwork_coverage_holds"].holds is holds


@pytest.mark.parametrize(("unknown", "holds"), [(1, True), (2, False)])
def test_a_cover_or_a_dated_no_reaches_the_target(unknown: int, holds: bool):
    covers = {
        CoverState.THERE: 60,
        CoverState.DENIED: 40 - unknown,
        CoverState.UNKNOWN: unknown,
        CoverState.NOT_WANTED: 900,
    }
    now = snapshot(cut(states={State.FRESH: 1_000}, covers=covers))
    assert verdicts(now)["artwork_reaches_its_target"].holds is holds


@pytest.mark.parametrize(("unclassified", "holds"), [(1, True), (2, False)])
def test_compilations_are_classified(unclassified: int, holds: bool):
    total = cut(
        states={State.UNRESOLVED: 100},
        compilations=100,
        offences={Violation.UNCLASSIFIED: unclassified},
    )
    assert verdicts(snapshot(total))["compilations_are_classified"].holds is holds


@pytest.mark.parametrize(
    ("offence", "name"),
    [
        (Violation.ASKED_TWICE, "nothing_is_asked_twice"),
        (Violation.DISAGREEING, "answers_agree_with_tables"),
        (Violation.ORPHANED, "no_source_is_orphaned"),
        (Violation.OUTSIDE, "no_row_lies_past_the_last_range"),
    ],
)
def test_one_row_shuts_the_gate_that_it_offends_and_no_other(offence: Violation, name: str):
    offending = {"offences": {offence: 1}, "offenders": {offence: [17]}}
    states, covers = {State.FRESH: 1_000}, {CoverState.NOT_WANTED: 1_000}
    now = snapshot(cut("", states, covers, **offending), cut(FIRST, states, **offending))
    shut = [each for each in verdicts(now).values() if not each.holds]
    assert [each.name for each in shut] == [name]
    assert shut[0].offenders == (f"{FIRST}: 1 rows, such as 17",)


@pytest.mark.parametrize(("largest", "warns"), [(1_899, False), (1_900, True)])
def test_ranges_that_run_out_are_a_warning(largest: int, warns: bool):
    found = verdicts(snapshot(cut(largest_id=largest)))["no_row_lies_past_the_last_range"]
    assert (not found.holds, found.is_warning) == (warns, warns)


def test_a_floor_is_reached_exactly_and_what_is_missing_is_whole_rows():
    assert rows_missing(989, 1_000, 0.99) == 1
    assert rows_missing(990, 1_000, 0.99) == 0
    assert rows_missing(0, 3, 0.5) == 2


def test_snapshots_of_another_scope_cannot_be_compared():
    wide = with_identities(500)
    assert wide.is_comparable(with_identities(1))
    assert not wide.is_comparable(replace(wide, is_wide=False))
    assert not wide.is_comparable(replace(wide, eligibility=Eligibility.ALL))
