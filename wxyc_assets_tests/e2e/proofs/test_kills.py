"""A run that is killed at any moment loses nothing, repeats nothing and claims nothing."""

from collections import deque
from datetime import datetime
from random import Random

import pytest

from wxyc_assets_tests.e2e.proofs.children import Starter
from wxyc_assets_tests.e2e.proofs.conftest import Untroubled, Worlds
from wxyc_assets_tests.e2e.proofs.inquest import CrashCheck, crash_check
from wxyc_assets_tests.e2e.proofs.moments import MOMENTS, Watch
from wxyc_assets_tests.e2e.proofs.small_world import RANGES, UNHURRIED, served
from wxyc_sandbox.lml.faults import Fault

KILLS_OF_EACH_MOMENT = 3
ANSWERS_BETWEEN_KILLS = 30
FIRST_MOMENT = MOMENTS[0]
MORE_THAN_ANY_POOL = 6
"""Dead runs would keep their places in a pool of Dagster's."""


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_any_moment_and_run_again(
    worlds: Worlds, untroubled: Untroubled, world_began: datetime, seed: int
) -> None:
    random = Random(f"kills {seed}")
    kills = KILLS_OF_EACH_MOMENT * len(MOMENTS)
    moments = deque(random.sample(MOMENTS, k=kills, counts=[KILLS_OF_EACH_MOMENT] * len(MOMENTS)))
    with served(UNHURRIED) as lml:
        while moments:
            with (
                worlds.fresh(lml) as starter,
                crash_check(starter, lml, untroubled.first, world_began) as inquest,
            ):
                _kill_until_it_ends(starter, inquest, moments, random)
                inquest.look_at_the_end()


def test_a_range_is_shown_as_soon_as_it_is_complete(
    worlds: Worlds, untroubled: Untroubled, world_began: datetime
) -> None:
    in_the_last_range = RANGES[-1].first
    rows = frozenset(i for i in untroubled.of_kind("unresolved") if i >= in_the_last_range)
    with (
        served(UNHURRIED, [Fault("stalled_head", rows=rows)]) as lml,
        worlds.fresh(lml) as starter,
        crash_check(starter, lml, untroubled.first, world_began) as inquest,
    ):
        assert starter.environment["DAGSTER_EVENT_BATCH_SIZE"] == "1000"
        child = starter.whole_library()
        assert child.wait_until(lambda: len(inquest.shown) == len(RANGES) - 1)
        child.kill()
        inquest.look()


def test_killed_runs_do_not_stand_in_the_way(worlds: Worlds) -> None:
    with served(UNHURRIED) as lml, worlds.fresh(lml) as starter:
        watch = Watch(starter.database_url, starter.dagster_url, lml)
        for _ in range(MORE_THAN_ANY_POOL):
            child = starter.whole_library()
            with watch.catch(child, "asking", after=0) as caught:
                assert caught
                child.kill()
        assert starter.whole_library().finish() == 0


def _kill_until_it_ends(
    starter: Starter, inquest: CrashCheck, moments: deque[str], random: Random
) -> None:
    child = starter.whole_library()
    while moments:
        after = 0 if moments[0] == FIRST_MOMENT else random.randrange(ANSWERS_BETWEEN_KILLS)
        with inquest.watch.catch(child, moments[0], after=after) as caught:
            if not caught:
                break
            child.kill()
            moments.popleft()
        inquest.look()
        child = starter.whole_library()
    assert child.finish() == 0, child.said
