"""Refreshing and the breaker's pause, over the pretend LML in virtual time."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from wxyc_assets.adapters.budget.shared_budget import open_budget
from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.errors import CircuitBreakerTimeout, LiveActivityTimeout
from wxyc_assets.adapters.lml.retry import GiveWay, RetryPolicy
from wxyc_assets.domain.live_activity import LiveActivityLimits
from wxyc_assets.domain.refreshes import RefreshTally
from wxyc_assets.flows.live_activity import LiveActivity
from wxyc_assets.flows.rotation.cache_refresh import (
    BatchTooLarge,
    CacheRefresh,
    RefreshOptions,
    plan_refresh,
)
from wxyc_assets.flows.rotation.report import RotationReport
from wxyc_sandbox.in_memory_budget import InMemoryBudget
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.virtual_time import run_virtually

UNLIMITED = LmlSettings(discogs_per_worker_per_minute=0)


@asynccontextmanager
async def connected(pretend: PretendLml, per_minute: float = 0) -> AsyncGenerator[lml.LmlClient]:
    async with (
        open_budget(InMemoryBudget(), max_in_flight=4, per_minute=per_minute) as budget,
        lml.open_lml(
            "http://lml",
            api_key=None,
            budget=budget,
            timeout_seconds=60,
            transport=httpx.ASGITransport(app=pretend),
        ) as client,
    ):
        yield client


def refresh(
    pretend: PretendLml,
    identity_ids: Sequence[int],
    *,
    warnings: list[str] | None = None,
    tallies: list[RefreshTally] | None = None,
    per_minute: float = 0,
    give_way: GiveWay | None = None,
    **more: Any,
) -> tuple[RotationReport, float]:
    """Return the report, and the seconds that it took."""

    def on_batch(_: int, tally: RefreshTally) -> None:
        if tallies is not None:
            tallies.append(tally)

    async def work() -> tuple[RotationReport, float]:
        began = asyncio.get_running_loop().time()
        async with connected(pretend, per_minute) as client:
            options = RefreshOptions(
                **{"batch_size": 20, "max_in_flight": 1, "pause_seconds": 30} | more,
                retry_policy=RetryPolicy(),
                breaker_ceiling_seconds=1_800,
            )
            on_drift = ([] if warnings is None else warnings).append
            refresh = CacheRefresh(
                client, options, on_drift=on_drift, on_batch=on_batch, give_way=give_way
            )
            report = await refresh.run(identity_ids)
        return report, asyncio.get_running_loop().time() - began

    return run_virtually(work())


def test_distinct_identities_in_ascending_order_one_call_at_a_time() -> None:
    asked: list[list[int]] = []

    class Listening(PretendLml):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def heard() -> Any:
                message = await receive()
                if b"identity_ids" in message.get("body", b""):
                    asked.append(httpx.Response(200, content=message["body"]).json())
                return message

            await super().__call__(scope, heard, send)

    pretend = Listening(UNLIMITED)
    report, _ = refresh(pretend, [3, 1, 2, 3, 1, 7, 5], batch_size=2)
    assert asked[:3] == [{"identity_ids": ids} for ids in ([1, 2], [3, 5], [7])]
    assert pretend.counters.most_in_flight == 1
    assert report.tally.identities_scanned == 5


def test_each_batch_has_a_tally_of_its_own() -> None:
    tallies: list[RefreshTally] = []
    broken = Fault("status", route="refresh", status=503, rows=frozenset({25}))
    report, _ = refresh(PretendLml(UNLIMITED, faults=[broken]), range(1, 51), tallies=tallies)
    assert [each.identities_scanned for each in tallies[:3]] == [20, 20, 10]
    assert tallies[1].lml_error == 20
    assert sum(each.identities_resolved for each in tallies) >= report.tally.identities_resolved


def test_a_show_in_the_middle_holds_up_the_batches_after_it() -> None:
    pretend = PretendLml(UNLIMITED)
    live = LiveActivity(ShowAfter(pretend, calls=2, seconds=100), LIMITS, check_interval=0)
    usual, took_usually = refresh(PretendLml(UNLIMITED), range(1, 101))
    report, took = refresh(pretend, range(1, 101), give_way=live.give_way)
    assert report.tally == usual.tally
    assert live.figures() == {"live_activity.pauses": 1, "live_activity.paused_seconds": 120}
    assert took == pytest.approx(took_usually + 120)


def test_a_show_without_an_end_stops_the_refresh_and_keeps_what_was_done() -> None:
    pretend = PretendLml(UNLIMITED)
    live = LiveActivity(ShowAfter(pretend, calls=2, seconds=10_000), LIMITS, check_interval=0)
    report, _ = refresh(pretend, range(1, 101), give_way=live.give_way)
    assert isinstance(report.stopped, LiveActivityTimeout)
    assert pretend.counters.calls["refresh"] == 2
    assert len(report.results) == 40
    assert len(report.failed) == 60
    assert report.failure
    assert report.failure.startswith("60 identities are not refreshed. A DJ has been on the air")


class ShowAfter:
    """A flowsheet: a DJ is on the air from the Nth refresh call on, for some seconds."""

    def __init__(self, pretend: PretendLml, *, calls: int, seconds: float) -> None:
        self._pretend, self._calls, self._seconds = pretend, calls, seconds
        self._began: float | None = None

    async def is_live(self, lookback_seconds: float) -> bool:
        now = asyncio.get_running_loop().time()
        if self._began is None and self._pretend.counters.calls["refresh"] >= self._calls:
            self._began = now
        return self._began is not None and now < self._began + self._seconds


LIMITS = LiveActivityLimits(lookback_seconds=60, pause_seconds=30, max_pause_seconds=1_800)


def test_calls_can_overlap() -> None:
    pretend = PretendLml(UNLIMITED)
    refresh(pretend, range(1, 201), max_in_flight=3)
    assert pretend.counters.most_in_flight == 3


@pytest.mark.parametrize("size", [0, 51, 1_000])
def test_more_than_lml_takes_is_refused(size: int) -> None:
    with pytest.raises(BatchTooLarge, match="1 to 50"):
        plan_refresh([1], size)
    with pytest.raises(BatchTooLarge):
        refresh(PretendLml(UNLIMITED), [1], batch_size=size)


def test_the_rate_is_kept_and_used() -> None:
    pretend = PretendLml(UNLIMITED)
    _, seconds = refresh(pretend, range(1, 101), batch_size=3, per_minute=40)
    assert pretend.discogs.busiest_minute <= 40
    assert seconds <= 1.6 * pretend.discogs.requests / 40 * 60


def test_what_ended_in_error_is_asked_once_more() -> None:
    pretend = PretendLml(UNLIMITED)
    report, _ = refresh(pretend, range(1, 501))
    in_error = report.tally.lml_error
    assert 0 < in_error < 20
    assert report.calls == 26
    assert pretend.counters.rows["refresh"] == 500 + in_error
    assert report.failure is None


def test_an_error_that_passes_is_forgotten() -> None:
    pretend = PretendLml(
        UNLIMITED, faults=[Fault("poison", route="refresh", poison="error_status", first=1)]
    )
    assert refresh(pretend, [1])[0].tally.lml_error == 0


def test_a_failed_call_is_tried_again_and_then_counts_all_its_identities() -> None:
    once = PretendLml(UNLIMITED, faults=[Fault("status", route="refresh", status=503, first=3)])
    assert refresh(once, range(1, 21))[0].failure is None
    always = PretendLml(UNLIMITED, faults=[Fault("status", status=503, rows=frozenset({25}))])
    report, _ = refresh(always, range(1, 61))
    assert report.failed.keys() == set(range(21, 41))
    assert report.tally.lml_error >= 20
    assert report.failure


def test_three_failed_batches_in_a_row_end_it() -> None:
    pretend = PretendLml(UNLIMITED, faults=[Fault("status", route="refresh", status=503)])
    report, _ = refresh(pretend, range(1, 201))
    assert report.stopped
    assert pretend.counters.calls["refresh"] == 3 * RetryPolicy().attempts
    assert report.tally.lml_error == report.tally.identities_scanned == 200


def test_an_unknown_status_is_warned_about_once() -> None:
    pretend = PretendLml(
        UNLIMITED,
        faults=[
            Fault("poison", route="refresh", poison="unknown_status", rows=frozenset({each}))
            for each in (1, 30, 50)
        ],
    )
    warnings: list[str] = []
    report, _ = refresh(pretend, range(1, 61), warnings=warnings)
    assert len(warnings) == 1
    assert report.drift.total() == 3
    assert report.tally.lml_error >= 3


@pytest.mark.parametrize("kind", ["malformed", "results_missing", "results_null"])
def test_a_200_of_another_shape_counts_all_its_identities(kind: Any) -> None:
    pretend = PretendLml(UNLIMITED, faults=[Fault(kind, route="refresh", rows=frozenset({1}))])
    report, _ = refresh(pretend, range(1, 41))
    assert report.failed.keys() == set(range(1, 21))


@pytest.mark.parametrize("kind", ["short", "duplicated", "foreign", "surplus", "reordered"])
def test_whatever_lml_answers_each_identity_counts_once(kind: Any) -> None:
    pretend = PretendLml(UNLIMITED, faults=[Fault(kind, route="refresh")])
    report, _ = refresh(pretend, range(1, 41))
    assert report.tally.identities_scanned == 40


def test_an_edge_timeout_is_tried_again_on_a_warmer_cache() -> None:
    pretend = PretendLml(LmlSettings(workers=1))
    report, _ = refresh(pretend, range(1, 51), batch_size=50)
    assert report.calls >= 3
    assert report.failure is None
    assert pretend.counters.statuses["refresh"][504] == 2


@pytest.mark.parametrize("state", ["open", "half-open"])
def test_a_breaker_that_stays_open_ends_it_at_the_ceiling(state: Any) -> None:
    pretend = PretendLml(LmlSettings(breaker=state, discogs_refuses=True))
    report, seconds = refresh(pretend, range(1, 1_001))
    assert isinstance(report.stopped, CircuitBreakerTimeout)
    assert f"has been {state} for 30 minutes" in str(report.stopped)
    assert seconds == pytest.approx(1_800, abs=31)
    assert 5 <= pretend.counters.calls["refresh"] <= 1_800 / 60  # trials, one a cool-down
    assert len(report.failed) >= 400


def test_alone_at_night_an_open_breaker_is_closed_by_one_call() -> None:
    pretend = PretendLml(LmlSettings(breaker="open", discogs_per_worker_per_minute=0))
    tallies: list[RefreshTally] = []
    report, seconds = refresh(pretend, range(1, 101), tallies=tallies)
    assert report.failure is None
    assert seconds < 300
    assert pretend.discogs.requests > 0


def test_a_breaker_that_nobody_can_see_holds_nobody_up() -> None:
    pretend = PretendLml(UNLIMITED, faults=[Fault("status", route="health", status=500)])
    report, _ = refresh(pretend, range(1, 21))
    assert report.failure is None
