"""Verdicts on a single run: what it learned is in the tables, and what it was told makes sense.

They judge the ranges and the answers of one run. Whether the library is covered is a matter of the
gates (`domain/gates`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wxyc_assets.domain.percent import percent
from wxyc_assets.domain.refusals import ALWAYS_TOLERATED, are_written

FEWEST_JUDGED = 50
"""Shares of fewer records say little."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """The limits for a run."""

    not_written: float
    run_yield: float
    refresh_yield: float
    unusable: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict on a run, in words and numbers."""

    passed: bool
    description: str
    numbers: Mapping[str, float]
    offenders: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class WrittenCount:
    """Stored answers, or covers found, in a run's ranges, and those that are not in the tables."""

    stored: int
    not_written: int
    differing: int
    """Written, but the tables show something else."""
    offenders: Sequence[int] = field(default_factory=list[int])


def judge_written(count: WrittenCount, limits: RunLimits, *, what: str) -> Verdict:
    """Judge that what is stored is in the tables; `what` names it in the plural."""
    missing = count.not_written + count.differing
    return Verdict(
        passed=are_written(missing, count.stored, limits.not_written),
        description=(
            f"Of {count.stored} {what} stored for these ranges, {count.not_written} are not in the "
            f"tables and {count.differing} differ from them; at most {percent(limits.not_written)} "
            f"(or {ALWAYS_TOLERATED}) are allowed."
        ),
        numbers={
            "stored": count.stored,
            "not_written": count.not_written,
            "differing": count.differing,
            "allowed": max(ALWAYS_TOLERATED, limits.not_written * count.stored),
        },
        offenders=count.offenders,
    )


@dataclass(frozen=True, slots=True)
class RunAnswers:
    """LML's answers to one run, counted; those that are `unusable_again` stand apart.

    A few records never get an answer. Every run asks about them again, and some runs about nothing
    else, which says nothing about LML.
    """

    asked: int
    unusable: int
    """Refused, or left unknown."""
    first_asked: int
    first_found: int
    """Of the records asked about for the first time, those with an identity or a cover."""
    refreshed: int = 0
    """Records that had an identity."""
    confirmed: int = 0
    """Of these, the ones that LML still has an identity for."""
    unusable_again: int = 0
    """Refused or left unknown, as they were when they were asked about before."""
    stored: int = 0
    """The records of the run's ranges with an answer, of this run or an earlier one."""


def judge_answers(answers: RunAnswers, limits: RunLimits, *, found: str) -> Verdict:
    """Judge that LML's answers to a run make sense; `found` says what a find is."""
    objections = list(_objections(answers, limits, found))
    return Verdict(
        passed=not objections,
        description=" ".join(objections) or _summary(answers, found),
        numbers={
            "asked": answers.asked,
            "unusable": answers.unusable,
            "first_asked": answers.first_asked,
            "first_found": answers.first_found,
            "refreshed": answers.refreshed,
            "confirmed": answers.confirmed,
            "unusable_again": answers.unusable_again,
        },
    )


def _objections(answers: RunAnswers, limits: RunLimits, found: str) -> Iterator[str]:
    if answers.asked >= FEWEST_JUDGED and answers.unusable > limits.unusable * answers.asked:
        yield (
            f"LML refused {answers.unusable} of {answers.asked} records, or left them unknown; at "
            f"most {percent(limits.unusable)} may be."
        )
    again = answers.unusable_again
    if again >= FEWEST_JUDGED and again > limits.unusable * answers.stored:
        yield (
            f"LML refused {again} of the {answers.stored} records with an answer again, or left "
            f"them unknown again; at most {percent(limits.unusable)} may be."
        )
    least = limits.run_yield * answers.first_asked
    if answers.first_asked >= FEWEST_JUDGED and answers.first_found < least:
        yield (
            f"Of {answers.first_asked} records asked about for the first time, only "
            f"{answers.first_found} have {found}; at least {percent(limits.run_yield)} must."
        )
    least = limits.refresh_yield * answers.refreshed
    if answers.refreshed >= FEWEST_JUDGED and answers.confirmed < least:
        yield (
            f"Of {answers.refreshed} records with an identity, LML still knows only "
            f"{answers.confirmed}; at least {percent(limits.refresh_yield)} must be known."
        )


def _summary(answers: RunAnswers, found: str) -> str:
    again = answers.unusable_again
    as_before = f" LML still has no answer about {again} others." if again else ""
    return (
        f"Of {answers.asked} records asked about, {answers.unusable} were refused or left unknown; "
        f"{answers.first_found} of {answers.first_asked} new ones have {found}.{as_before}"
    )
