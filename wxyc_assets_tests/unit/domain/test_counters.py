"""Counters add up, under their public names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.candidates import Cohort
from wxyc_assets.domain.counters import (
    UNANSWERED,
    IdentityTally,
    MiscountedRows,
    Outcome,
    by_cohort,
    percentiles,
)

outcomes = st.dictionaries(st.sampled_from(Outcome), st.integers(0, 1000))


def tally(counts: dict[Outcome, int]) -> IdentityTally:
    made = IdentityTally(scanned=sum(counts.values()))
    made.outcomes.update(counts)
    return made


@given(outcomes)
def test_scanned_rows_are_the_sum_of_all_outcomes(counts: dict[Outcome, int]) -> None:
    tally(counts).check()


@given(outcomes, st.integers(-5, 5).filter(bool))
def test_a_row_lost_or_counted_twice_is_a_defect_that_is_told(
    counts: dict[Outcome, int], off_by: int
) -> None:
    wrong = tally(counts)
    wrong.scanned += off_by
    with pytest.raises(MiscountedRows, match=f"scanned {wrong.scanned} rows"):
        wrong.check()


@given(outcomes, outcomes)
def test_the_sum_of_two_sound_tallies_is_sound(
    ones: dict[Outcome, int], others: dict[Outcome, int]
) -> None:
    total = tally(ones)
    total.add(tally(others))
    total.check()
    assert total.scanned == sum(ones.values()) + sum(others.values())


@given(outcomes)
def test_figures_add_up_by_the_names_of_the_dashboards(counts: dict[Outcome, int]) -> None:
    figures = tally(counts).figures()
    assert figures["scanned"] == sum(n for name, n in figures.items() if name.startswith("rows_"))


def test_figures_tell_calls_latency_and_details() -> None:
    counted = IdentityTally(latencies_ms=[10.4, 20.4])
    counted.details["tracks_written"] = 3
    assert counted.figures() == {
        "scanned": 0,
        **dict.fromkeys((each.value for each in Outcome), 0),
        "lml_total_calls": 2,
        "lml_total_latency_ms": 31,
        "tracks_written": 3,
    }


def test_the_stations_names_of_what_was_skipped() -> None:
    assert {each.value for each in Outcome if "skipped" in each.value} == {
        "rows_skipped.compilation",
        "rows_skipped.lml_error",
        "rows_skipped.lml_refused",
        "rows_skipped.lml_invalid",
        "rows_skipped.writer_error",
        "rows_skipped.lml_cardinality_mismatch",
        "rows_skipped.lml_untrusted_library_id",
    }


def test_a_refused_row_does_not_leave_its_range_open() -> None:
    assert Outcome.LML_REFUSED not in UNANSWERED
    assert Outcome.LML_INVALID not in UNANSWERED
    assert Outcome.LML_ERROR in UNANSWERED


def test_percentiles_of_nothing_are_nothing() -> None:
    assert percentiles([]) == {}


def test_percentiles_of_one_value_are_that_value() -> None:
    assert percentiles([7.0]) == {"p50": 7.0, "p95": 7.0}


@given(st.lists(st.floats(0, 1e6), min_size=2))
def test_percentiles_lie_between_the_extremes(values: list[float]) -> None:
    found = percentiles(values)
    slack = 1e-6
    assert min(values) - slack <= found["p50"] <= found["p95"] + slack <= max(values) + 2 * slack


def test_percentiles_of_a_hundred_and_one() -> None:
    assert percentiles(map(float, range(101))) == {"p50": 50.0, "p95": 95.0}


def test_a_cohorts_figures_carry_its_name() -> None:
    figures = by_cohort(
        {Cohort.VA: IdentityTally(scanned=2), Cohort.NON_VA: IdentityTally(scanned=5)}
    )
    assert figures["consumer.va.scanned"] == 2
    assert figures["consumer.non_va.scanned"] == 5
    assert figures["consumer.va.rows_skipped.lml_error"] == 0
