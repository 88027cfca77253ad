"""The age of the identities, and of the last complete run."""

from datetime import timedelta

from wxyc_assets.domain.coverage import Snapshot
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.history import History
from wxyc_assets.domain.gates.result import GateResult, check_share, falls_short
from wxyc_assets.domain.totals import Count, Totals

CLOCK_TOLERANCE = timedelta(hours=1)
"""Two runs may overlap by as much; more is a clock that was set back."""
RECENT = "runs_are_recent"


def check_freshness(totals: Totals, floors: Floors) -> GateResult:
    """Judge the share of identities that were verified within four staleness windows."""
    part, whole = totals[Count.VERIFIED_WITHIN_4], totals[Count.IDENTITIES_IN_SCOPE]
    result = check_share(
        "identities_are_fresh",
        "identities in scope were verified within four times STALE_THRESHOLD_DAYS",
        part=part,
        whole=whole,
        floor=floors.fresh,
        more_numbers={
            "within_1_window": totals[Count.VERIFIED_WITHIN_1],
            "within_2_windows": totals[Count.VERIFIED_WITHIN_2],
        },
    )
    if result.passed or falls_short(part, whole, floors.fresh):
        return result
    return GateResult(
        result.name,
        True,
        f"{part:,} of {whole:,} identities in scope are fresh: too few to judge.",
        result.number,
        result.floor,
        numbers=result.numbers,
    )


def check_runs(now: Snapshot, totals: Totals, history: History, floors: Floors) -> GateResult:
    """Judge when every range was last completed, and that no date lies in the future."""
    latest = max(
        (each.acceptance.taken_at for each in history.baselines),
        default=now.taken_at,
    )
    if now.completed_at is not None:
        latest = max(latest, now.completed_at)
    if latest > now.taken_at + CLOCK_TOLERANCE:
        description = (
            f"The clock was set back: something is dated {latest:%Y-%m-%d %H:%M}, but it is "
            f"{now.taken_at:%Y-%m-%d %H:%M}. Correct the clock of the database server."
        )
        return GateResult(RECENT, False, description, 0.0, floors.run_age_days)
    if now.completed_at is None or totals[Count.RANGES_COMPLETED] < totals[Count.RANGES]:
        return _never_completed(now, totals, history, floors)
    age = (now.taken_at - now.completed_at) / timedelta(days=1)
    description = (
        f"Every range was completed within the last {age:.1f} days; at most "
        f"{floors.run_age_days:g} are allowed."
    )
    if age > floors.run_age_days:
        description += " Does the schedule still run? Start library_full."
    return GateResult(RECENT, age <= floors.run_age_days, description, age, floors.run_age_days)


def _never_completed(now: Snapshot, totals: Totals, history: History, floors: Floors) -> GateResult:
    """Judge a library that no runs have completed yet by the age of its first accepted snapshot."""
    done, ranges = totals[Count.RANGES_COMPLETED], totals[Count.RANGES]
    if not ranges:
        return GateResult(RECENT, True, "The library is empty.", 0.0, floors.run_age_days)
    first = history.first_accepted_at or now.taken_at
    age = (now.taken_at - first) / timedelta(days=1)
    description = (
        f"{done:,} of {ranges:,} ranges were ever completed by an identity run; the first accepted "
        f"snapshot is {age:.1f} days old, at most {floors.run_age_days:g} are allowed."
    )
    if age > floors.run_age_days:
        description += " Start library_full."
    return GateResult(RECENT, age <= floors.run_age_days, description, age, floors.run_age_days)
