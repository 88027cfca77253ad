"""Decisions that change, answers that are not written, and values that too many records share."""

from wxyc_assets.domain.coverage import Snapshot, share
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.result import GateResult, exceeds, records
from wxyc_assets.domain.percent import percent
from wxyc_assets.domain.refusals import ALWAYS_TOLERATED, are_written
from wxyc_assets.domain.totals import Count, Totals

FLIPS = (
    (Count.RUN_FLIPS, Count.RUN_REPEATED, "identities asked about again in this run"),
    (Count.MONTH_FLIPS, Count.MONTH_REPEATED, "identities asked about again in the last 30 days"),
    (Count.COVER_FLIPS, Count.COVERS_FOUND, "covers that LML found"),
)


def check_flips(totals: Totals, floors: Floors) -> GateResult:
    """Judge the shares of identities and covers that were replaced by others."""
    found = [(totals[part], totals[whole], what) for part, whole, what in FLIPS]
    sentences = {
        what: f"{part:,} of {whole:,} {what} were replaced by others" for part, whole, what in found
    }
    failed = tuple(
        sentences[what] for part, whole, what in found if exceeds(part, whole, floors.flips)
    )
    description = (
        f"{'; '.join(failed or sentences.values())}; at most {percent(floors.flips)} are allowed."
    )
    if failed:
        description += " What has LML changed? Look at some of them before you believe it."
    worst = max(share(part, whole) if whole else 0.0 for part, whole, _ in found)
    return GateResult("decisions_are_stable", not failed, description, worst, floors.flips, failed)


def check_written(totals: Totals, floors: Floors) -> GateResult:
    """Judge the share of answers and covers that are not in the tables."""
    answers, covers = totals[Count.ANSWERS_NOT_WRITTEN], totals[Count.COVERS_NOT_WRITTEN]
    missing = answers + covers
    whole = totals[Count.ANSWERS] + totals[Count.COVERS_FOUND]
    number = missing / whole if whole else 0.0
    description = (
        f"{records(answers)} with an answer and {records(covers)} with a cover that are not in the "
        f"tables, {percent(number)} of {whole:,}; at most {percent(floors.not_written)} (or "
        f"{ALWAYS_TOLERATED}) are allowed."
    )
    passed = are_written(missing, whole, floors.not_written)
    if not passed:
        description += " The reasons are in write_error of lml_resolution and artwork_lookup."
    numbers = {"answers_not_written": answers, "covers_not_written": covers, "whole": whole}
    return GateResult(
        "answers_are_written", passed, description, number, floors.not_written, numbers=numbers
    )


def check_shared_ids(now: Snapshot, totals: Totals, floors: Floors) -> GateResult:
    """Judge the external id that most artists share."""
    return _check_shared(
        "external_ids_are_distinct",
        "artists share one external id",
        now,
        totals,
        Count.ARTISTS_PER_ID,
        floors.artists_per_id,
    )


def check_shared_covers(now: Snapshot, totals: Totals, floors: Floors) -> GateResult:
    """Judge the cover that most albums share."""
    return _check_shared(
        "covers_are_distinct",
        "albums share one cover",
        now,
        totals,
        Count.ALBUMS_PER_COVER,
        floors.albums_per_cover,
    )


def _check_shared(
    name: str, what: str, now: Snapshot, totals: Totals, count: Count, at_most: int
) -> GateResult:
    number = totals[count]
    passed = number <= at_most
    example = now.samples.get(count, "")
    description = f"At most {number:,} {what}; {at_most:,} are allowed."
    offenders = () if passed or not example else (example,)
    return GateResult(name, passed, description, number, at_most, offenders)
