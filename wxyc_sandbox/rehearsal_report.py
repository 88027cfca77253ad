"""What a rehearsal found: a table, a recommendation with its reason, and a plot."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from wxyc_sandbox.rehearsal import Outcome, RefreshSetting, RehearsalScenario

LONGEST_BATCH_SECONDS = 240.0
"""Four fifths of the edge's five minutes."""
MEDIAN_WAIT_SECONDS = 1.0
P95_WAIT_SECONDS = 8.0
"""How long others may wait for one Discogs request while we are at work: about two turns of a
worker that makes 16 a minute."""
AS_FAST_SHARE = 1.15
"""Settings that take so little longer than the fastest are as fast: then the gentlest wins."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The setting to use, or None when none fits; and why."""

    setting: RefreshSetting | None
    why: str


def objection(outcome: Outcome) -> str | None:
    """Why a setting does not do, in words for people."""
    if outcome.edge_timeouts:
        return f"{outcome.edge_timeouts} calls took longer than the edge allows"
    if outcome.failed:
        return f"{outcome.failed} identities failed"
    if outcome.batches.max > LONGEST_BATCH_SECONDS:
        return f"a batch took {outcome.batches.max:.0f} s of the edge's 300"
    if outcome.others.p50 > MEDIAN_WAIT_SECONDS or outcome.others.p95 > P95_WAIT_SECONDS:
        return f"others wait {outcome.others.p50:.1f} s (p95 {outcome.others.p95:.1f} s)"
    return None


def recommend(outcomes: Sequence[Outcome], world: RehearsalScenario) -> Recommendation:
    """The gentlest of the fastest settings that fit this world: the worst case one plans for."""
    rehearsed = [each for each in outcomes if each.world == world and each.setting]
    fitting = [each for each in rehearsed if objection(each) is None]
    if not fitting:
        return Recommendation(None, "No setting fits; try smaller batches or a lower rate.")
    fastest = min(each.minutes for each in fitting)
    as_fast = [each for each in fitting if each.minutes <= fastest * AS_FAST_SHARE]
    best = min(as_fast, key=_gentleness)
    assert best.setting is not None
    return Recommendation(best.setting, _why(best, len(rehearsed) - len(fitting), fastest))


def _gentleness(outcome: Outcome) -> tuple[float, int, int]:
    """Lower is gentler: rate (none at all is the worst), calls in flight; then larger batches."""
    setting = outcome.setting
    assert setting is not None
    return setting.rate or float("inf"), setting.in_flight, -setting.batch_size


def _why(best: Outcome, excluded: int, fastest: float) -> str:
    setting = best.setting
    assert setting is not None
    return (
        f"LML_RATE_PER_MIN={setting.rate:g}, REFRESH_BATCH_SIZE={setting.batch_size}, "
        f"{setting.in_flight} call(s) in flight: {best.world.identities} identities on a "
        f"{'warm' if best.world.is_warm else 'cold'} cache take {best.minutes:.0f} minutes (the "
        f"fastest setting that fits: {fastest:.0f}), the longest batch {best.batches.max:.0f} s of "
        f"the edge's 300; other callers wait {best.others.p50:.1f} s for a Discogs request (p95 "
        f"{best.others.p95:.1f} s). {excluded} settings do not fit."
    )


def table(outcomes: Sequence[Outcome]) -> Table:
    """One line an outcome; a setting that does not do says why."""
    drawn = Table(title="The refresh, rehearsed in simulated time")
    for column in ("LML", "cache", "verdict"):
        drawn.add_column(column)
    for column in (
        *("rate", "batch", "in flight", "minutes", "Discogs/min", "most"),
        *("batch s p50", "p95", "max", "others s p50", "p95", "max"),
    ):
        drawn.add_column(column, justify="right")
    for outcome in outcomes:
        drawn.add_row(*_cells(outcome))
    return drawn


def _cells(outcome: Outcome) -> list[str]:
    setting, batches, others = outcome.setting, outcome.batches, outcome.others
    chosen = ["-", "-", "-"]
    verdict = "the others alone"
    if setting:
        chosen = [f"{setting.rate:g}", str(setting.batch_size), str(setting.in_flight)]
        verdict = objection(outcome) or "fits"
    return [
        outcome.world.model.name,
        "warm" if outcome.world.is_warm else "cold",
        verdict,
        *chosen,
        f"{outcome.minutes:.0f}",
        f"{outcome.requests:.1f}",
        str(outcome.most_requests),
        *(f"{each:.0f}" for each in (batches.p50, batches.p95, batches.max)),
        *(f"{each:.1f}" for each in (others.p50, others.p95, others.max)),
    ]


def plot(outcomes: Sequence[Outcome], path: Path) -> None:
    """How long a batch takes and what others feel, by batch size and rate, as an image."""
    from matplotlib.figure import Figure  # only who draws needs it

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    durations, waits = figure.subplots(1, 2)
    worlds = list(dict.fromkeys(each.world for each in outcomes))
    for world in worlds:
        rehearsed = [(each, each.setting) for each in outcomes if each.world == world]
        points = [(setting, each) for each, setting in rehearsed if setting]
        name = f"{world.model.name}, {'warm' if world.is_warm else 'cold'}"
        durations.scatter(
            [setting.batch_size for setting, _ in points],
            [each.batches.max for _, each in points],
            label=name,
        )
        waits.scatter(
            [each.requests for _, each in points], [each.others.p95 for _, each in points]
        )
    durations.axhline(300, linestyle="--", color="grey")
    durations.set(xlabel="identities a call", ylabel="longest answered call, s", ylim=(0, None))
    durations.legend(title="LML, cache (dashed: the edge's timeout)")
    waits.set(
        xlabel="requests at Discogs a minute, all callers",
        ylabel="others' wait for one, p95, s",
        ylim=(0, None),
    )
    figure.savefig(path)  # pyright: ignore[reportUnknownMemberType]
