"""Every check over slices at its limit, over hand-made snapshots."""

from dataclasses import replace

import pytest

from wxyc_assets.domain.artwork import CoverScope, Eligibility, Match, Rules
from wxyc_assets.domain.coverage import (
    CoverageRules,
    CoverState,
    Dimension,
    Slice,
    Snapshot,
    State,
    Violation,
)
from wxyc_assets.domain.gates.evaluation import CHECK_DESCRIPTIONS
from wxyc_assets.domain.gates.history import History
from wxyc_assets.domain.gates.regression import COVERS, IDENTITIES, best_of
from wxyc_assets.domain.gates.result import (
    check_share,
    exceeds,
    falls_short,
    offending_ranges,
    records,
    records_missing,
)
from wxyc_assets.domain.gates.stage import Stage
from wxyc_assets.domain.percent import percent
from wxyc_assets_tests.support.snapshots import (
    CEILING,
    FIRST,
    FLOORS,
    SECOND,
    after,
    library_slice,
    results,
    snapshot,
    totals,
)


def with_identities(identified: int, in_scope: int = 1_000, days: float = 0) -> Snapshot:
    states = {State.STALE: identified, State.UNRESOLVED: in_scope - identified}
    each = library_slice(FIRST, states)
    return snapshot(replace(each, dimension=Dimension.ALL, member=""), each, days=days)


def test_every_check_is_evaluated_once_and_an_empty_library_is_described_as_such() -> None:
    found = results(snapshot(library_slice(largest_id=0)))
    assert list(found) == list(CHECK_DESCRIPTIONS)
    assert len(found) == 18
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
    assert found.description.endswith("No accepted snapshot has the same scope.")


@pytest.mark.parametrize(("identified", "passes"), [(795, True), (794, False), (900, True)])
def test_identities_may_not_fall_below_the_best_earlier_snapshot(
    identified: int, passes: bool
) -> None:
    history = after(with_identities(700, days=1), with_identities(800, days=2))
    found = results(with_identities(identified), history)["identity_coverage_holds"]
    assert found.passed is passes
    assert "The best accepted snapshot was at 80%, on 2026-04-29" in found.description
    lost = f": {80 - identified / 10:.2f} percentage points lost, 0.50 percentage points allowed."
    assert found.description.endswith(lost) is not passes
    assert found.floor == (0.2 if passes else pytest.approx(0.795))
    change = (f"{FIRST}: 80% -> {percent(identified / 1000)}",)
    assert found.offenders == (() if passes else change)


@pytest.mark.parametrize(("identified", "passes"), [(636, True), (635, False)])
def test_a_library_that_shrank_may_fall_by_the_tolerance_exactly(
    identified: int, passes: bool
) -> None:
    history = after(with_identities(800, days=1))
    found = results(with_identities(identified, in_scope=800), history)["identity_coverage_holds"]
    assert found.passed is passes


def test_identities_may_not_fall_below_their_floor() -> None:
    found = results(with_identities(199))["identity_coverage_holds"]
    assert not found.passed
    assert (found.number, found.floor) == (0.199, 0.2)


def test_the_ranges_that_lost_most_come_first_and_new_ranges_are_not_named() -> None:
    def at(first: int, second: int, days: float = 0) -> Snapshot:
        ranges = [
            library_slice(FIRST, {State.FRESH: first, State.UNRESOLVED: 100 - first}),
            library_slice(SECOND, {State.FRESH: second, State.UNRESOLVED: 100 - second}),
        ]
        total = {State.FRESH: first + second, State.UNRESOLVED: 200 - first - second}
        return snapshot(library_slice(states=total), *ranges, days=days)

    now = at(90, 60)
    found = results(now, after(at(95, 90, days=1)))["identity_coverage_holds"]
    assert [each.partition(":")[0] for each in found.offenders] == [SECOND, FIRST]
    only_first = replace(now, ranges=now.ranges[:1])
    history = after(replace(at(95, 90, days=1), ranges=only_first.ranges))
    assert results(now, history)["identity_coverage_holds"].offenders == ()


@pytest.mark.parametrize(("there", "passes"), [(600, True), (594, False), (50, False)])
def test_covers_may_not_be_lost(there: int, passes: bool) -> None:
    def at(there: int, days: float = 0) -> Snapshot:
        covers = {CoverState.THERE: there, CoverState.DENIED: 1_000 - there}
        return snapshot(library_slice(states={State.FRESH: 1_000}, covers=covers), days=days)

    history = after(at(600, days=1))
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
    assert failed[0].floor == (1 if violation is Violation.DISAGREEING else 0)


@pytest.mark.parametrize(("largest", "warns"), [(1_899, False), (1_900, True)])
def test_ranges_about_to_run_out_are_a_warning(largest: int, warns: bool) -> None:
    found = results(snapshot(library_slice(largest_id=largest)))["no_row_lies_past_the_last_range"]
    assert (not found.passed, found.is_warning) == (warns, warns)


def test_a_floor_is_reached_exactly_and_missing_records_are_whole() -> None:
    assert records_missing(989, 1_000, 0.99) == 1
    assert records_missing(990, 1_000, 0.99) == 0
    assert records_missing(0, 3, 0.5) == 2


def test_snapshots_of_another_scope_or_rule_cannot_be_compared() -> None:
    wide = with_identities(500)
    assert wide.is_comparable(with_identities(1))
    assert not wide.is_comparable(replace(wide, is_wide=False))
    assert not wide.is_comparable(replace(wide, eligibility=Eligibility.ALL))
    first = CoverageRules(covers=CoverScope(rules=Rules(match=Match.FIRST)))
    assert not wide.is_comparable(replace(wide, rules=first))


def test_a_lower_share_without_a_loss_is_growth() -> None:
    history = after(with_identities(800, days=1))
    grown = results(with_identities(800, in_scope=1_100), history)["identity_coverage_holds"]
    assert grown.passed


@pytest.mark.parametrize(("identified", "passes"), [(795, True), (794, False)])
def test_a_lower_share_with_a_small_loss_is_growth(identified: int, passes: bool) -> None:
    history = after(with_identities(800, days=1))
    grown = with_identities(identified, in_scope=1_100)
    assert results(grown, history)["identity_coverage_holds"].passed is passes


@pytest.mark.parametrize(("identified", "passes"), [(48, True), (47, False)])
def test_two_records_of_a_small_library_may_go(identified: int, passes: bool) -> None:
    history = after(with_identities(50, in_scope=100, days=1))
    now = with_identities(identified, in_scope=100)
    assert results(now, history)["identity_coverage_holds"].passed is passes


def test_a_stale_record_whose_answer_is_not_written_is_open_but_identified() -> None:
    states = {State.STALE: 900, State.NOT_WRITTEN: 100}
    now = snapshot(library_slice(states=states, identities=1_000))
    found = results(now)
    assert found["identity_coverage_holds"].number == 1
    assert found["the_library_is_covered"].number == 0.9
    assert now.total.covered_share == 0.9


def test_an_empty_scope_is_red_unless_the_library_always_was_empty() -> None:
    name = "the_library_is_covered"
    empty = snapshot(library_slice(largest_id=0))
    assert results(empty)[name].passed
    assert results(empty, after(snapshot(library_slice(), days=1)))[name].passed
    emptied = results(empty, after(snapshot(days=1)))[name]
    assert not emptied.passed
    assert "was not in the accepted snapshots" in emptied.description
    nameless = results(snapshot(library_slice(states={State.NO_ARTIST_NAME: 7})))[name]
    assert not nameless.passed
    assert (nameless.number, nameless.floor) == (0, 0.99)
    assert "No record is in scope" in nameless.description
    assert "7 records" in nameless.description


def test_a_snapshot_without_counts_is_not_judged_as_if_it_had_some() -> None:
    old = replace(snapshot(), totals=None, rules=None)
    found = results(old)
    assert found["the_library_is_covered"].passed
    for name in [*CHECK_DESCRIPTIONS][9:]:
        assert not found[name].passed
        assert not found[name].is_warning
        assert (found[name].number, found[name].floor) == (0, 0)
        assert "has no counts" in found[name].description


def test_numbers_of_a_result_are_shown_with_it() -> None:
    states = {State.FRESH: 5, State.UNRESOLVED: 3, State.NEVER_ASKED: 2}
    now = snapshot(library_slice(states=states, compilations=4, compilations_matched=3))
    found = results(now)
    assert found["the_library_is_covered"].numbers == {
        "part": 8,
        "whole": 10,
        "identified": 5,
        "resting": 3,
        "open": 2,
        "in_scope": 10,
    }
    assert found["answers_agree_with_tables"].numbers["disagreeing"] == 0
    assert found["compilations_are_classified"].numbers["matched"] == 3
    ranges = found["no_row_lies_past_the_last_range"]
    assert (ranges.number, ranges.floor) == (0, 0)
    nearly = results(snapshot(library_slice(largest_id=1_900)))["no_row_lies_past_the_last_range"]
    assert (nearly.number, nearly.floor) == (1_900 / CEILING, 0.95)
    assert "95%" in nearly.description


@pytest.mark.parametrize(
    ("part", "whole", "floor", "expected"),
    [
        (0, 29, 0.5, False),
        (0, 30, 0.5, True),
        (40, 100, 0.5, False),  # two standard deviations are 10
        (39, 100, 0.5, True),
        (99, 100, 1.0, True),
        (100, 100, 1.0, False),
    ],
)
def test_a_sample_falls_short_by_more_than_chance(
    part: int, whole: int, floor: float, expected: bool
) -> None:
    assert falls_short(part, whole, floor) is expected
    assert exceeds(whole - part, whole, 1 - floor) is expected


def test_a_share_of_nothing_is_no_share() -> None:
    nothing = check_share("name", "things", part=0, whole=0, floor=1)
    assert nothing.passed
    assert nothing.description == "Nothing to check: 0 of 0 things."
    missing = check_share("name", "things", part=1, whole=4, floor=0.75)
    assert "2 more are needed." in missing.description


def test_at_most_ten_ranges_are_named_in_the_order_of_their_size() -> None:
    def each(number: int) -> Slice:
        return library_slice(f"r{number:02}", violations={Violation.ORPHANED: 1 + number % 2})

    now = snapshot(library_slice(), *(each(number) for number in range(12)))
    named = [text.partition(":")[0] for text in offending_ranges(now, Violation.ORPHANED)]
    assert named == ["r01", "r03", "r05", "r07", "r09", "r11", "r00", "r02", "r04", "r06"]
    assert (records(1), records(2)) == ("1 record", "2 records")


def test_at_most_ten_losses_are_named() -> None:
    def at(fresh: int, days: float) -> Snapshot:
        slices = [
            library_slice(f"r{n:02}", {State.FRESH: fresh, State.UNRESOLVED: 100 - fresh})
            for n in range(12)
        ]
        states = {State.FRESH: 12 * fresh, State.UNRESOLVED: 12 * (100 - fresh)}
        return snapshot(library_slice(states=states), *slices, days=days)

    found = results(at(80, 0), after(at(90, 1)))["identity_coverage_holds"]
    assert len(found.offenders) == 10
    assert found.numbers["best"] == 0.9
    assert found.numbers["tolerance"] == 0.005


def test_the_best_of_nothing_is_nothing() -> None:
    assert best_of([], IDENTITIES) is None
    assert best_of([snapshot(library_slice())], COVERS) is None
    same = [with_identities(5, days=1), with_identities(5, days=2)]
    assert best_of(same, IDENTITIES) is same[0]
    assert results(with_identities(500), History(), FLOORS)["identity_coverage_holds"].passed


@pytest.mark.parametrize(("new", "passes"), [(41, True), (40, False), (50, True), (100, True)])
def test_records_that_came_in_lately_are_not_owed_yet(new: int, passes: bool) -> None:
    counts = totals(new_uncovered=new, new_without_cover=new)
    covers = {CoverState.THERE: 950, CoverState.UNKNOWN: 50}
    states = {State.FRESH: 950, State.NEVER_ASKED: 50}
    now = snapshot(library_slice(states=states, covers=covers), counts=counts)
    for name in ("the_library_is_covered", "artwork_reaches_its_target"):
        found = results(now)[name]
        assert found.passed is passes
        assert found.numbers["whole"] == 1_000 - min(new, 50)
    without = results(replace(now, totals=None))["the_library_is_covered"]
    assert not without.passed
    stage = Stage(frozenset({FIRST}), frozenset({FIRST}))
    each = library_slice(FIRST, states, covers)
    staged = results(replace(now, ranges=(each,)), stage=stage)
    assert not staged["the_library_is_covered"].passed
    assert not staged["artwork_reaches_its_target"].passed
