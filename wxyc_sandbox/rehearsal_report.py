"""Presentation of a rehearsal: a table, a recommendation with its reason, and a plot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from wxyc_sandbox.rehearsal import RefreshSetting, RehearsalOutcome, RehearsalScenario, Spread

LONGEST_BATCH_SECONDS = 240.0
"""Four fifths of the edge's five minutes."""
MEDIAN_WAIT_ADDED_SECONDS = 3.75
P95_WAIT_ADDED_SECONDS = 7.5
"""Limits on what a refresh may add to the wait of others for one Discogs request: one turn, and two
turns, of a worker that makes 16 requests per minute."""
DISCOGS_PER_MINUTE = 50
"""Discogs's cap on all requests with LML's token (docs/contracts/lml.md, "On every route")."""
AS_FAST_SHARE = 1.15
"""Settings within this factor of the fastest count as equally fast; the gentlest of them wins."""

CAPTION = (
    "rate 0: no limit; calls: in flight; Discogs: all callers' requests a minute, mean and most; "
    "batch, others: p50, p95 and longest"
)
NARROW: dict[str, Any] = {"padding": (0, 1, 0, 0), "pad_edge": False}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The setting to use, or None if none fits, and the reason."""

    setting: RefreshSetting | None
    why: str


def rejection_reason(outcome: RehearsalOutcome, alone: Spread) -> str | None:
    """Return the reason that a setting does not fit, or None if it fits.

    `alone` is the wait of the others without us.
    """
    if objection := _objection_of_the_cap(outcome):
        return objection
    if outcome.edge_timeouts:
        calls = "1 call" if outcome.edge_timeouts == 1 else f"{outcome.edge_timeouts} calls"
        return f"{calls} took longer than the edge allows"
    if outcome.failed:
        return f"{outcome.failed} identities failed"
    if outcome.batches.max > LONGEST_BATCH_SECONDS:
        return f"a batch took {outcome.batches.max:.0f} s of the edge's 300"
    p50, p95 = outcome.others.p50 - alone.p50, outcome.others.p95 - alone.p95
    if p50 > MEDIAN_WAIT_ADDED_SECONDS or p95 > P95_WAIT_ADDED_SECONDS:
        return f"others wait {p50:.1f} s longer (p95 {p95:.1f} s)"
    return None


def waits_alone(outcomes: Sequence[RehearsalOutcome]) -> dict[RehearsalScenario, Spread]:
    """Return the wait of the others without us, by scenario."""
    return {each.scenario: each.others for each in outcomes if each.setting is None}


def _objection_of_the_cap(outcome: RehearsalOutcome) -> str | None:
    setting, others = outcome.setting, outcome.scenario.others
    if setting is None:
        return None
    cap = f"Discogs's cap of {DISCOGS_PER_MINUTE} a minute"
    if not setting.rate:
        return f"no limit of ours keeps us below {cap}"
    if setting.rate + others > DISCOGS_PER_MINUTE:
        return f"{setting.rate:g} of ours and {others:g} of others are above {cap}"
    return None


def recommend(outcomes: Sequence[RehearsalOutcome], scenario: RehearsalScenario) -> Recommendation:
    """Return the gentlest of the fastest settings that fit this scenario."""
    alone = waits_alone(outcomes)[scenario]
    rehearsed = [each for each in outcomes if each.scenario == scenario and each.setting]
    fitting = [each for each in rehearsed if rejection_reason(each, alone) is None]
    if not fitting:
        return Recommendation(None, "No setting fits; try smaller batches or a lower rate.")
    fastest = min(each.minutes for each in fitting)
    as_fast = [each for each in fitting if each.minutes <= fastest * AS_FAST_SHARE]
    best = min(as_fast, key=_gentleness)
    assert best.setting is not None
    return Recommendation(best.setting, _why(best, len(rehearsed) - len(fitting), fastest))


def _gentleness(outcome: RehearsalOutcome) -> tuple[int, float, int]:
    """Return a sort key, gentlest first: fewer calls in flight, lower rate, larger batches.

    Calls in flight come first because each keeps one of LML's workers busy for minutes, which the
    other callers notice more than a rate.
    """
    setting = outcome.setting
    assert setting is not None
    return setting.in_flight, setting.rate or float("inf"), -setting.batch_size


def _why(best: RehearsalOutcome, excluded: int, fastest: float) -> str:
    setting = best.setting
    assert setting is not None
    calls = "1 call" if setting.in_flight == 1 else f"{setting.in_flight} calls"
    settings = "1 setting does" if excluded == 1 else f"{excluded} settings do"
    return (
        f"LML_RATE_PER_MIN={setting.rate:g}, REFRESH_BATCH_SIZE={setting.batch_size}, "
        f"{calls} in flight: {best.scenario.identities} identities on a "
        f"{'warm' if best.scenario.is_warm else 'cold'} cache take {best.minutes:.0f} minutes (the "
        f"fastest setting that fits: {fastest:.0f}), the longest batch {best.batches.max:.0f} s of "
        f"the edge's 300; other callers wait {best.others.p50:.1f} s for a Discogs request (p95 "
        f"{best.others.p95:.1f} s). {settings} not fit."
    )


def tables(outcomes: Sequence[RehearsalOutcome]) -> Iterator[Table]:
    """Yield a table per scenario, 80 columns wide at most, with one row per outcome."""
    alone = waits_alone(outcomes)
    for scenario, before in alone.items():
        rows = Table(title=_title(scenario), caption=CAPTION, box=SIMPLE_HEAD, **NARROW)
        for column in ("rate", "ids", "calls", "min", "Discogs", "batch, s", "others, s"):
            rows.add_column(column, justify="right", no_wrap=True)
        rows.add_column("verdict")
        for outcome in outcomes:
            if outcome.scenario == scenario:
                rows.add_row(*_cells(outcome, before))
        yield rows


def _title(scenario: RehearsalScenario) -> str:
    cache = "warm" if scenario.is_warm else "cold"
    return f"LML {scenario.model.name}, {cache} cache, others: {scenario.others:g} a minute"


def _cells(outcome: RehearsalOutcome, alone: Spread) -> list[str]:
    setting, others = outcome.setting, outcome.others
    chosen = ["-", "-", "-"]
    verdict = "the others alone"
    if setting:
        chosen = [f"{setting.rate:g}", str(setting.batch_size), str(setting.in_flight)]
        verdict = rejection_reason(outcome, alone) or "fits"
    return [
        *chosen,
        f"{outcome.minutes:.0f}",
        f"{outcome.requests:.1f} {outcome.most_requests}",
        _spread(outcome.batches, ".0f") if outcome.batches.max else "-",
        _spread(others, ".1f"),
        verdict,
    ]


def _spread(spread: Spread, digits: str) -> str:
    return " ".join(f"{each:{digits}}" for each in (spread.p50, spread.p95, spread.max))


def plot(outcomes: Sequence[RehearsalOutcome], path: Path) -> None:
    """Draw batch durations by batch size and the wait of others by rate into an image."""
    from matplotlib.figure import Figure  # slow to import

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    durations, waits = figure.subplots(1, 2)
    scenarios = list(dict.fromkeys(each.scenario for each in outcomes))
    for scenario in scenarios:
        rehearsed = [(each, each.setting) for each in outcomes if each.scenario == scenario]
        points = [(setting, each) for each, setting in rehearsed if setting]
        name = f"{scenario.model.name}, {'warm' if scenario.is_warm else 'cold'}"
        durations.scatter(
            [setting.batch_size for setting, _ in points],
            [each.batches.max for _, each in points],
            label=name,
        )
        waits.scatter(
            [each.requests for _, each in points], [each.others.p95 for _, each in points]
        )
    durations.axhline(300, linestyle="--", color="grey")
    durations.set(xlabel="identities per call", ylabel="longest answered call, s", ylim=(0, None))
    durations.legend(title="LML, cache (dashed: the edge's timeout)")
    waits.set(
        xlabel="Discogs requests per minute, all callers",
        ylabel="wait of others for one request, p95, s",
        ylim=(0, None),
    )
    figure.savefig(path)  # pyright: ignore[reportUnknownMemberType]
