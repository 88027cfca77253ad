"""A rollout in stages: only the ranges of the backfill are judged."""

from wxyc_assets.domain.coverage import (
    CoverState,
    Slice,
    Snapshot,
    State,
    Violation,
)
from wxyc_assets.domain.gates.stage import Stage
from wxyc_assets_tests.support.snapshots import (
    FIRST,
    SECOND,
    after,
    library_slice,
    results,
    snapshot,
    totals,
)


def staged(first: Slice, second: Slice, days: float = 0) -> Snapshot:
    """A library of two ranges."""
    states = {each: first.records(each) + second.records(each) for each in State}
    return snapshot(library_slice(states=states), first, second, days=days)


def test_in_a_rollout_the_ranges_of_the_backfill_are_judged() -> None:
    done = library_slice(FIRST, {State.FRESH: 90, State.UNRESOLVED: 10})
    uncovered = {Violation.UNCOVERED: 50}
    untouched = library_slice(SECOND, {State.NEVER_ASKED: 50}, violations=uncovered)
    now = staged(done, untouched)
    assert not results(now)["the_library_is_covered"].passed
    first = results(now, stage=Stage(frozenset({FIRST}), frozenset()))
    assert first["the_library_is_covered"].passed
    assert first["the_library_is_covered"].number == 1
    assert first["the_library_is_covered"].description.endswith(
        "Judged: the 1 range of the backfill."
    )
    second = results(now, stage=Stage(frozenset({SECOND}), frozenset()))["the_library_is_covered"]
    assert not second.passed
    assert second.offenders == (f"{SECOND}: 50 records (...)",)
    both = results(now, stage=Stage(frozenset({FIRST, SECOND}), frozenset()))
    assert not both["the_library_is_covered"].passed
    assert both["the_library_is_covered"].description.endswith("the 2 ranges of the backfill.")


def test_in_a_rollout_what_was_not_asked_for_is_only_shown() -> None:
    covers = {CoverState.UNKNOWN: 100}
    now = snapshot(
        library_slice(states={State.FRESH: 100}, covers=covers),
        library_slice(FIRST, {State.FRESH: 100}, covers),
        counts=totals(identities_in_scope=100, ranges=2),
    )
    shown = (
        "artwork_coverage_holds",
        "artwork_reaches_its_target",
        "identities_are_fresh",
    )
    whole = results(now)
    assert not any(whole[name].passed for name in shown)
    found = results(now, stage=Stage(frozenset({FIRST}), frozenset()))
    for name in shown:
        assert found[name].passed
        assert found[name].description.startswith("Only shown, as the backfill did not ask for it")
    assert not results(now, stage=Stage(frozenset(), frozenset({FIRST})))[
        "artwork_reaches_its_target"
    ].passed
    assert not Stage(None, frozenset()).is_whole
    assert not Stage(frozenset(), None).is_whole
    assert Stage().is_whole


def test_in_a_rollout_the_same_ranges_are_compared() -> None:
    def at(first: int, second: int, days: float) -> Snapshot:
        return staged(
            library_slice(FIRST, {State.FRESH: first, State.UNRESOLVED: 100 - first}),
            library_slice(SECOND, {State.FRESH: second, State.UNRESOLVED: 100 - second}),
            days=days,
        )

    history, stage = after(at(50, 90, 1)), Stage(frozenset({SECOND}), frozenset())
    assert results(at(10, 90, 0), history, stage=stage)["identity_coverage_holds"].passed
    assert not results(at(50, 80, 0), history, stage=stage)["identity_coverage_holds"].passed


def test_a_stage_adds_up_every_count_of_its_ranges() -> None:
    def each(member: str) -> Slice:
        return library_slice(
            member,
            {State.FRESH: 30, State.COMPILATION_MATCHED: 10},
            {CoverState.THERE: 4, CoverState.DENIED: 36},
            compilations=10,
            compilations_matched=9,
            violations={Violation.UNCLASSIFIED: 1},
            identities=35,
        )

    now = snapshot(library_slice(), each(FIRST), each(SECOND))
    both = frozenset({FIRST, SECOND})
    found = results(now, stage=Stage(both, both))
    assert found["the_library_is_covered"].numbers["identified"] == 70
    assert found["artwork_coverage_holds"].number == 0.1
    assert found["artwork_reaches_its_target"].number == 1
    assert found["compilations_are_classified"].numbers == {
        "part": 18,
        "whole": 20,
        "matched": 18,
    }
