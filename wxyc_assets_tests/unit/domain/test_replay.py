from dataclasses import replace
from datetime import UTC, datetime

import pytest

from wxyc_assets.domain.artwork import (
    Album,
    Choice,
    Cover,
    Found,
    NoCover,
    NoCoverReason,
    Picture,
    Result,
    Rules,
)
from wxyc_assets.domain.replay import (
    Effect,
    KeptDecision,
    Redecision,
    ReplayTotals,
    decide_again,
    judge_replay,
)

MOON_PIX = Album(1, "Cat Power", "Moon Pix", 50_001)
PICTURE = Picture("Cat Power", "Moon Pix", 242, "https://x/a.jpeg", 0.7)
FOUND = Found((Result(50_001, PICTURE),), "direct", is_incomplete=False)
ANSWERED_AT = datetime(2026, 5, 1, tzinfo=UTC)
HERE, THERE = Cover("https://x/a.jpeg", 0.9), Cover("https://x/b.jpeg", 0.9)
BELOW = NoCover(NoCoverReason.BELOW_FLOOR, 0.7)
NO_ROW = NoCover(NoCoverReason.NO_ROW)


def kept(choice: Choice = BELOW, **changes: bool) -> KeptDecision:
    usual = {"is_of_these_rules": True, "is_eligible": True, "is_ours": False, "is_others": False}
    return KeptDecision(MOON_PIX, FOUND, choice, answered_at=ANSWERED_AT, **usual | changes)


@pytest.mark.parametrize(
    ("before", "after", "effect", "reason"),
    [
        (BELOW, HERE, Effect.GAINED, "below_floor"),
        (HERE, BELOW, Effect.LOST, "below_floor"),
        (HERE, None, Effect.LOST, "not_eligible"),
        (HERE, THERE, Effect.CHANGED, "cover"),
        (HERE, replace(HERE, confidence=0.5), Effect.SAME, "cover"),
        (BELOW, NO_ROW, Effect.OTHER_REASON, "no_row"),
        (BELOW, replace(BELOW, confidence=0.1), Effect.SAME, "below_floor"),
        (BELOW, None, Effect.SAME, "not_eligible"),
    ],
)
def test_each_effect_has_its_reason(
    before: Choice, after: Choice | None, effect: Effect, reason: str
) -> None:
    redecision = Redecision(kept(before), after)
    assert (redecision.effect, redecision.reason) == (effect, reason)
    assert redecision.is_shown is (effect is not Effect.SAME)
    assert not Redecision(kept(before, is_others=True), after).is_shown


def test_a_decision_is_stored_if_it_or_its_rules_differ() -> None:
    assert not Redecision(kept(), BELOW).needs_storing
    assert Redecision(kept(), NO_ROW).needs_storing
    assert Redecision(kept(), replace(BELOW, confidence=0.1)).needs_storing
    assert Redecision(kept(is_of_these_rules=False), BELOW).needs_storing


def test_rules_decide_on_the_stored_answer() -> None:
    lower, strict = Rules(min_confidence=0.7), Rules()
    (gained,) = decide_again([kept()], lower)
    assert gained.after == Cover("https://x/a.jpeg", 0.7)
    (same,) = decide_again([kept()], strict)
    assert same.after == BELOW
    (lost,) = decide_again([kept(HERE, is_eligible=False)], lower)
    assert lost.after is None


def test_totals_count_what_people_should_see() -> None:
    totals = ReplayTotals()
    totals.add([Redecision(kept(HERE, is_ours=True), each) for each in (HERE, THERE, BELOW, None)])
    totals.add([Redecision(kept(BELOW), HERE), Redecision(kept(BELOW, is_others=True), HERE)])
    assert (totals.decisions, totals.covers, totals.of_others) == (6, 4, 1)
    assert totals.effects == {
        (Effect.CHANGED, "cover"): 1,
        (Effect.LOST, "below_floor"): 1,
        (Effect.LOST, "not_eligible"): 1,
        (Effect.GAINED, "below_floor"): 1,
    }
    assert totals.count(Effect.LOST, Effect.CHANGED) == 3


@pytest.mark.parametrize(
    ("covers", "taken", "passed"), [(100, 5, True), (100, 6, False), (49, 49, True), (50, 3, False)]
)
def test_a_replay_may_take_few_covers_away(covers: int, taken: int, passed: bool) -> None:
    totals = ReplayTotals(covers=covers)
    totals.effects[Effect.LOST, "below_floor"] = taken - 1
    totals.effects[Effect.CHANGED, "cover"] = 1
    totals.effects[Effect.GAINED, "below_floor"] = 1000
    verdict = judge_replay(totals, max_drop=0.05)
    assert verdict.passed is passed
    assert f"Of {covers} covers of ours, {taken} would be taken" in verdict.description
