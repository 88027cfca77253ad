"""The yield of LML's answers: identities, covers, refusals; like compared with like.

A record that is asked about again because it had no identity will mostly have none again, and a
cover that was not found is rarely found a month later. So within a run the answers to first
questions, and those after an identity, are judged apart, and other repeats are not judged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wxyc_assets.domain.coverage import Snapshot, share
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.result import GateResult, exceeds, falls_short
from wxyc_assets.domain.percent import percent
from wxyc_assets.domain.totals import Count, Totals

RUN, MONTH = "in this run", "in the last 30 days"


@dataclass(frozen=True, slots=True)
class Yield:
    """A share of answers with its bound: a floor, or a limit if `is_limit`."""

    what: str
    part: int
    whole: int
    bound: float
    is_limit: bool = False

    @property
    def number(self) -> float:
        """The share; the best possible one of an empty sample."""
        return share(self.part, self.whole) if self.whole or not self.is_limit else 0.0

    @property
    def passes(self) -> bool:
        misses = exceeds if self.is_limit else falls_short
        return not misses(self.part, self.whole, self.bound)

    def __str__(self) -> str:
        word = "at most" if self.is_limit else "the floor is"
        figures = f"{percent(self.number)}, {word} {percent(self.bound)}"
        return f"{self.part:,} of {self.whole:,} {self.what} ({figures})"


def check_answers(totals: Totals, baselines: Sequence[Snapshot], floors: Floors) -> GateResult:
    """Judge the answers of this run, and of the last 30 days."""
    return _check("answers_have_yield", [*_answers(totals, baselines, floors)])


def check_lookups(totals: Totals, baselines: Sequence[Snapshot], floors: Floors) -> GateResult:
    """Judge the lookups of this run, and of the last 30 days."""
    return _check("lookups_have_yield", [*_lookups(totals, baselines, floors)])


def _answers(totals: Totals, baselines: Sequence[Snapshot], floors: Floors) -> Iterator[Yield]:
    found = (Count.MONTH_FOUND, Count.MONTH_ANSWERED)
    yield _yield(
        totals,
        (Count.RUN_FOUND, Count.RUN_FIRST),
        f"first answers {RUN} hold an identity",
        floors.found,
    )
    yield _yield(
        totals,
        found,
        f"answers {MONTH} hold an identity",
        _floor(floors.found, found, baselines, floors),
    )
    month_confirmed = (Count.MONTH_CONFIRMED, Count.MONTH_REPEATED)
    floor = _floor(floors.confirmed, month_confirmed, baselines, floors)
    for when, confirmed, refused in (
        (
            RUN,
            (Count.RUN_CONFIRMED, Count.RUN_REPEATED),
            (Count.RUN_REFUSED, Count.RUN_ASKED),
        ),
        (MONTH, month_confirmed, (Count.MONTH_REFUSED, Count.MONTH_ASKED)),
    ):
        yield _yield(totals, confirmed, f"identities asked about again {when} are confirmed", floor)
        yield _limit(totals, refused, f"questions {when} were refused by LML", floors.refused)


def _lookups(totals: Totals, baselines: Sequence[Snapshot], floors: Floors) -> Iterator[Yield]:
    month_found = (Count.MONTH_LOOKUPS_FOUND, Count.MONTH_LOOKUPS_FIRST)
    floor = _floor(floors.covers_found, month_found, baselines, floors)
    for when, found, unknown, refused in (
        (
            RUN,
            (Count.RUN_LOOKUPS_FOUND, Count.RUN_LOOKUPS_FIRST),
            (Count.RUN_LOOKUPS_UNKNOWN, Count.RUN_LOOKUPS),
            (Count.RUN_LOOKUPS_REFUSED, Count.RUN_LOOKUPS),
        ),
        (
            MONTH,
            month_found,
            (Count.MONTH_LOOKUPS_UNKNOWN, Count.MONTH_LOOKUPS),
            (Count.MONTH_LOOKUPS_REFUSED, Count.MONTH_LOOKUPS),
        ),
    ):
        yield _yield(totals, found, f"first lookups {when} found a cover", floor)
        yield _limit(totals, unknown, f"lookups {when} were left unanswered", floors.unknown)
        yield _limit(totals, refused, f"lookups {when} were refused by LML", floors.refused)


def _yield(totals: Totals, counts: tuple[Count, Count], what: str, floor: float) -> Yield:
    part, whole = counts
    return Yield(what, totals[part], totals[whole], floor)


def _limit(totals: Totals, counts: tuple[Count, Count], what: str, limit: float) -> Yield:
    part, whole = counts
    return Yield(what, totals[part], totals[whole], limit, is_limit=True)


def _floor(
    floor: float, counts: tuple[Count, Count], baselines: Sequence[Snapshot], floors: Floors
) -> float:
    """Return the floor, or the required part of the newest baseline's own yield if that is more."""
    part, whole = counts
    for each in baselines:
        if each.totals and each.totals[whole]:
            own = share(each.totals[part], each.totals[whole])
            return max(floor, floors.yield_history * own)
    return floor


def _check(name: str, yields: Sequence[Yield]) -> GateResult:
    missed = [each for each in yields if not each.passes]
    shown = missed or [each for each in yields if each.whole]
    description = f"{'; '.join(map(str, shown))}." if shown else "Nothing was asked."
    first = (shown or yields)[0]
    numbers = {each.what: each.number for each in yields}
    return GateResult(
        name, not missed, description, first.number, first.bound, tuple(map(str, missed)), numbers
    )
