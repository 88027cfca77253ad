"""The broker is lost in the middle of a run and comes back empty: the run ends, another resumes."""

import os
import shutil
import tempfile
from collections.abc import Generator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from wxyc_assets_tests.e2e.proofs.celery_site import Redis, worker
from wxyc_assets_tests.e2e.proofs.conftest import Baseline, FreshLibraries
from wxyc_assets_tests.e2e.proofs.crash_check import crash_check
from wxyc_assets_tests.e2e.proofs.small_library import SLOW, served

LOST = "Redis was started again without the steps that were queued in it"


@pytest.fixture
def redis() -> Generator[Redis]:
    if not shutil.which("redis-server"):
        if os.environ.get("REQUIRE_DISTRIBUTION"):
            pytest.fail("REQUIRE_DISTRIBUTION is set, but redis-server is not installed")
        pytest.skip("redis-server is not installed")
    with tempfile.TemporaryDirectory(prefix="wxyc-") as folder:  # its path must fit into a socket's
        started = Redis(Path(folder))
        started.start()
        yield started
        started.kill()


@pytest.mark.distribution
def test_a_broker_that_comes_back_empty_ends_the_run(
    libraries: FreshLibraries, baseline: Baseline, seeded_at: datetime, redis: Redis
) -> None:
    with (
        served(SLOW) as lml,
        libraries.fresh(lml, **redis.variables) as in_process,
    ):
        starter = replace(in_process, location="wxyc_assets.on_celery")
        with crash_check(starter, lml, baseline.first, seeded_at) as check:
            queued = starter.whole_library()
            assert queued.wait_until(lambda: redis.queued() == 1)
            redis.kill()
            redis.start()
            assert queued.finish() == 1
            assert LOST in queued.output
            check.verify()
            with worker(starter):
                asking = starter.whole_library()
                with check.observer.pause_at(asking, "storing answers", after=20) as paused:
                    assert paused
                    redis.kill()
                    redis.start()
                    assert asking.finish() == 1
                    assert LOST in asking.output
                # The worker completes its step; this run waits for the ranges that it works on.
                assert starter.whole_library().finish() == 0
            check.verify_final_state()
        asked = [library_id for _, library_id in lml.asked_records.asked]
        assert len(asked) == len({*asked}), "the worker kept its step, so nothing is asked twice"
