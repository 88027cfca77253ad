"""A run killed at any breakpoint loses no answer, repeats no call and shows no unfinished range."""

from collections import deque
from datetime import datetime
from random import Random

import pytest

from wxyc_assets_tests.e2e.proofs.breakpoints import BREAKPOINTS, RunObserver
from wxyc_assets_tests.e2e.proofs.children import RunStarter
from wxyc_assets_tests.e2e.proofs.conftest import Baseline, FreshLibraries
from wxyc_assets_tests.e2e.proofs.crash_check import CrashCheck, crash_check
from wxyc_assets_tests.e2e.proofs.small_library import RANGES, SLOW, served
from wxyc_sandbox.lml.faults import Fault

KILLS_PER_BREAKPOINT = 3
ANSWERS_BETWEEN_KILLS = 30
FIRST_BREAKPOINT = BREAKPOINTS[0]
MORE_THAN_A_POOL_HOLDS = 6
"""In a concurrency pool of Dagster, killed runs would keep their slots."""


@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_killed_at_any_breakpoint_can_be_run_again(
    libraries: FreshLibraries, baseline: Baseline, seeded_at: datetime, seed: int
) -> None:
    random = Random(f"kills {seed}")
    kills = KILLS_PER_BREAKPOINT * len(BREAKPOINTS)
    breakpoints = deque(
        random.sample(BREAKPOINTS, k=kills, counts=[KILLS_PER_BREAKPOINT] * len(BREAKPOINTS))
    )
    with served(SLOW) as lml:
        while breakpoints:
            with (
                libraries.fresh(lml) as starter,
                crash_check(starter, lml, baseline.first, seeded_at) as check,
            ):
                _kill_until_done(starter, check, breakpoints, random)
                check.verify_final_state()


def test_a_range_is_shown_as_soon_as_it_is_complete(
    libraries: FreshLibraries, baseline: Baseline, seeded_at: datetime
) -> None:
    in_the_last_range = RANGES[-1].first
    rows = frozenset(i for i in baseline.ids_of_kind("unresolved") if i >= in_the_last_range)
    with (
        served(SLOW, [Fault("stalled_head", rows=rows)]) as lml,
        libraries.fresh(lml) as starter,
        crash_check(starter, lml, baseline.first, seeded_at) as check,
    ):
        assert starter.environment["DAGSTER_EVENT_BATCH_SIZE"] == "1000"
        child = starter.whole_library()
        assert child.wait_until(lambda: len(check.materialized) == len(RANGES) - 1)
        child.kill()
        check.verify()


def test_killed_runs_do_not_block_later_ones(libraries: FreshLibraries) -> None:
    with served(SLOW) as lml, libraries.fresh(lml) as starter:
        observer = RunObserver(starter.database_url, starter.dagster_url, lml)
        for _ in range(MORE_THAN_A_POOL_HOLDS):
            child = starter.whole_library()
            with observer.pause_at(child, "asking", after=0) as paused:
                assert paused
                child.kill()
        assert starter.whole_library().finish() == 0


def _kill_until_done(
    starter: RunStarter, check: CrashCheck, breakpoints: deque[str], random: Random
) -> None:
    child = starter.whole_library()
    while breakpoints:
        after = 0 if breakpoints[0] == FIRST_BREAKPOINT else random.randrange(ANSWERS_BETWEEN_KILLS)
        with check.observer.pause_at(child, breakpoints[0], after=after) as paused:
            if not paused:
                break
            child.kill()
            breakpoints.popleft()
        check.verify()
        child = starter.whole_library()
    assert child.finish() == 0, child.output
