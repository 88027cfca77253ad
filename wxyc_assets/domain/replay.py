"""Decisions on covers, made again from the answers that are kept, and how they differ."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wxyc_assets.domain.artwork import Album, Choice, Cover, Found, NoCover, Rules, choose
from wxyc_assets.domain.run_checks import FEWEST_JUDGED, Verdict

NOT_ELIGIBLE = "not_eligible"


class Effect(StrEnum):
    """The effect of other rules on a record."""

    GAINED = "gained"
    LOST = "lost"
    CHANGED = "changed"
    """Another cover."""
    OTHER_REASON = "other_reason"
    """No cover either way, but another rule stands against it first."""
    SAME = "same"


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """A decision on a cover, with the answer that it was made from."""

    album: Album
    found: Found
    choice: Choice
    is_of_these_rules: bool
    """True if it was made by the same match and version of the rules, whatever the floor."""
    answered_at: datetime
    is_eligible: bool
    """True if the record wants a cover now."""
    is_ours: bool
    """True if the library shows the cover that we wrote."""
    is_others: bool
    """True if the library shows another cover, which nobody here touches."""


@dataclass(frozen=True, slots=True)
class Redecision:
    """A decision made again; `after` is None for a record that wants no cover any more."""

    kept: KeptDecision
    after: Choice | None

    @property
    def effect(self) -> Effect:
        match self.kept.choice, self.after:
            case Cover(before), Cover(after):
                return Effect.SAME if before == after else Effect.CHANGED
            case Cover(), _:
                return Effect.LOST
            case NoCover(), Cover():
                return Effect.GAINED
            case NoCover(before), NoCover(after) if before is not after:
                return Effect.OTHER_REASON
            case _:
                return Effect.SAME

    @property
    def reason(self) -> str:
        """The rule that stands against a cover: the one after, or for a gain the one before."""
        deciding = self.kept.choice if isinstance(self.after, Cover) else self.after
        match deciding:
            case NoCover(reason):
                return reason.value
            case None:
                return NOT_ELIGIBLE
            case Cover():
                return "cover"

    @property
    def needs_storing(self) -> bool:
        """True if the stored decision would differ, or be one of other rules."""
        return self.after != self.kept.choice or not self.kept.is_of_these_rules

    @property
    def is_shown(self) -> bool:
        """True for a difference that people should see."""
        return self.effect is not Effect.SAME and not self.kept.is_others


def decide_again(kept: Iterable[KeptDecision], rules: Rules) -> list[Redecision]:
    """Return what the rules decide now, from the same answers; LML is not asked."""
    return [
        Redecision(each, choose(each.found, each.album, rules) if each.is_eligible else None)
        for each in kept
    ]


@dataclass(slots=True)
class ReplayTotals:
    """The numbers of a replay."""

    decisions: int = 0
    covers: int = 0
    """Covers of ours that the library shows."""
    not_kept: int = 0
    """Lookups whose answer was not kept, so that they cannot be decided again."""
    of_others: int = 0
    """Records for which we would decide otherwise, but which somebody else has covered."""
    effects: Counter[tuple[Effect, str]] = field(default_factory=Counter[tuple[Effect, str]])
    """Records by effect and reason."""

    def add(self, redecisions: Sequence[Redecision]) -> None:
        """Count the records of one range."""
        self.decisions += len(redecisions)
        self.covers += sum(each.kept.is_ours for each in redecisions)
        differing = [each for each in redecisions if each.effect is not Effect.SAME]
        self.of_others += sum(each.kept.is_others for each in differing)
        self.effects.update((each.effect, each.reason) for each in differing if each.is_shown)

    def count(self, *effects: Effect) -> int:
        """Return the number of records with these effects."""
        return sum(rows for (effect, _), rows in self.effects.items() if effect in effects)


def judge_replay(totals: ReplayTotals, *, max_drop: float) -> Verdict:
    """Judge that other rules take away few of the covers; from 50 covers on."""
    taken = totals.count(Effect.LOST, Effect.CHANGED)
    return Verdict(
        passed=totals.covers < FEWEST_JUDGED or taken <= max_drop * totals.covers,
        description=(
            f"Of {totals.covers} covers of ours, {taken} would be taken away or replaced; at most "
            f"{max_drop:.0%} are allowed."
        ),
        numbers={"covers": totals.covers, "taken": taken},
    )
