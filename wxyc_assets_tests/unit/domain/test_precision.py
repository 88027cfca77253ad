"""Precision from a labelled sample: the interval holds what is true as often as it claims."""

from dataclasses import replace
from random import Random

import pytest

from wxyc_assets.domain.precision import (
    Interval,
    Stratum,
    StratumCount,
    allocate,
    calibration,
    estimate,
    labels_to_halve,
    wilson,
)


def stratum(method: str, band: str = "0.9", cohort: str = "non_va") -> Stratum:
    return Stratum("identity", method, band, cohort)


LIBRARY = {
    stratum("exact_match", "1.0"): (20_000, 0.99),
    stratum("cross_source_agreement", "0.9"): (9_000, 0.98),
    stratum("exact_match", "0.9"): (6_000, 0.96),
    stratum("name_variation", "0.8"): (5_000, 0.92),
    stratum("alias_match", "0.8"): (3_000, 0.85),
    stratum("trigram", "0.7"): (1_500, 0.75),
    stratum("member_group", "0.6"): (900, 0.7),
    stratum("llm", "0.5"): (300, 0.6),
    stratum("exact_match", "0.9", "va"): (100, 0.5),
    stratum("llm", "0.4", "va"): (40, 0.5),
}
"""Each stratum's population and true precision; the shares fall with the claimed confidence."""


@pytest.mark.parametrize(
    ("right", "labelled", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611), (29, 29, 0.8830, 1.0)],
)
def test_wilsons_interval_has_the_published_values(
    right: int, labelled: int, low: float, high: float
):
    """Newcombe (1998), "Two-sided confidence intervals for the single proportion", Table I."""
    interval = wilson(right, labelled, 10**9)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-5)


def test_a_stratum_that_was_labelled_completely_is_known():
    assert wilson(7, 9, 9) == Interval(7 / 9, 7 / 9)


@pytest.mark.parametrize(("size", "seed"), [(100, 1), (400, 2), (1_000, 3)])
def test_the_interval_covers_the_truth_in_95_percent_of_1000_samples(size: int, seed: int):
    random = Random(seed)
    population = {each: number for each, (number, _) in LIBRARY.items()}
    right = {each: round(number * share) for each, (number, share) in LIBRARY.items()}
    truth = sum(right.values()) / sum(population.values())
    drawn = allocate(population, size)
    covered = 0
    for _ in range(1_000):
        counts = [
            StratumCount(
                each,
                population[each],
                drawn[each],
                _sampled(random, right[each], population[each], n),
            )
            for each, n in drawn.items()
        ]
        found = estimate(counts)
        assert found is not None
        covered += found.interval.low <= truth <= found.interval.high
    assert 930 <= covered <= 985  # 950 less three standard errors; a little more is allowed


def _sampled(random: Random, right: int, population: int, size: int) -> int:
    return sum(each < right for each in random.sample(range(population), size))


def test_each_stratum_weighs_as_many_records_as_it_has():
    large, small = stratum("exact_match"), stratum("llm")
    found = estimate([StratumCount(large, 900, 10, 10), StratumCount(small, 100, 30, 0)])
    assert found is not None
    assert found.precision == pytest.approx(0.9)
    assert (found.labelled, found.right) == (40, 10)


def test_records_without_a_label_may_be_right_or_wrong():
    labelled = StratumCount(stratum("exact_match"), 900, 300, 300)
    alone = estimate([labelled])
    found = estimate([labelled, StratumCount(stratum("llm"), 100)])
    assert alone is not None
    assert found is not None
    assert found.interval.low == pytest.approx(alone.interval.low * 0.9)
    assert found.interval.high == 1
    assert (found.represented, found.population) == (900, 1_000)


def test_nothing_is_estimated_without_a_label():
    assert estimate([StratumCount(stratum("llm"), 100)]) is None
    assert labels_to_halve([StratumCount(stratum("llm"), 100)]) is None


@pytest.mark.parametrize("labelled", [40, 400])
def test_so_many_labels_more_halve_the_interval(labelled: int):
    counts = [
        StratumCount(stratum("exact_match"), 60_000, labelled, round(labelled * 0.95)),
        StratumCount(stratum("trigram"), 4_000, labelled // 4, round(labelled // 4 * 0.8)),
    ]
    before, more = estimate(counts), labels_to_halve(counts)
    assert before is not None
    assert more is not None
    factor = 1 + more / before.labelled
    scaled = [
        replace(each, labelled=round(each.labelled * factor), right=round(each.right * factor))
        for each in counts
    ]
    after = estimate(scaled)
    assert after is not None
    assert after.interval.width == pytest.approx(before.interval.width / 2, rel=0.03)


def test_what_no_number_of_labels_can_halve_is_said():
    counts = [StratumCount(stratum("llm"), 60, 50, 25), StratumCount(stratum("trigram"), 100)]
    assert labels_to_halve(counts) is None


def test_a_sample_takes_a_few_of_each_stratum_and_the_rest_in_proportion():
    populations = {each: number for each, (number, _) in LIBRARY.items()}
    drawn = allocate(populations, 400)
    assert sum(drawn.values()) == 400
    assert min(drawn.values()) == 5
    largest = stratum("exact_match", "1.0")
    assert drawn[largest] == pytest.approx(5 + 350 * 20_000 / 45_790, abs=1)


def test_a_sample_never_exceeds_what_there_is():
    populations = {stratum("llm"): 3, stratum("trigram"): 50}
    assert allocate(populations, 400) == populations


def test_a_sample_must_reach_every_stratum():
    with pytest.raises(ValueError, match="at least 2"):
        allocate({stratum("llm"): 3, stratum("trigram"): 50}, 1)


def test_the_claimed_confidence_is_put_beside_the_measured_precision():
    bands = calibration(
        [
            StratumCount(stratum("exact_match", "0.9"), 300, 10, 9, claimed=0.95),
            StratumCount(stratum("trigram", "0.9"), 100, 10, 5, claimed=0.91),
            StratumCount(stratum("llm", "0.5"), 100, 10, 6, claimed=0.5),
            StratumCount(stratum("manual", "none"), 100, 10, 6),
        ]
    )
    assert [each.band for each in bands] == ["0.5", "0.9"]
    assert bands[1].claimed == pytest.approx(0.94)
    assert bands[1].estimate.precision == pytest.approx(0.8)
