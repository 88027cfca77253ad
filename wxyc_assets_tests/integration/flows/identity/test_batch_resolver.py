"""Asking about pages: retries, untrustworthy answers, and when to stop."""

import asyncio
from typing import Any

import httpx
import pytest

from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.bulk_resolve import Answers
from wxyc_assets.adapters.lml.errors import (
    LmlContractBroken,
    LmlRefused,
    LmlUnavailable,
    LmlUnreachable,
)
from wxyc_assets.adapters.lml.retry import RetryPolicy
from wxyc_assets.domain.counters import Outcome
from wxyc_assets.flows.identity.batch_resolver import BatchResolver
from wxyc_assets.flows.identity.batch_result import Page
from wxyc_assets_tests.integration.flows.identity.conversation import (
    ONCE,
    WITH_RETRIES,
    ask,
    page,
)
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.unlimited_budget import UnlimitedBudget
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.virtual_time import run_virtually


def test_every_answer_is_kept_as_it_comes() -> None:
    talk = ask(page(*range(1, 51)), page(77))
    assert talk.kept.keys() == {*range(1, 51), 77}
    assert (talk.calls, talk.seconds) == (2, 0)
    assert talk.asked[0].unanswered == {}
    assert len(talk.asked[0].latencies_ms) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_trouble_that_passes_is_waited_out_twice_as_long_each_time(status: int) -> None:
    talk = ask(page(1, 2), faults=[Fault("status", first=3, status=status)])
    assert talk.kept.keys() == {1, 2}
    assert (talk.calls, talk.seconds) == (4, 0.5 + 1 + 2)
    assert talk.only.error is None


def test_trouble_that_stays_leaves_the_page_unanswered() -> None:
    talk = ask(page(1, 2), faults=[Fault("status", status=503)])
    assert talk.only.unanswered == {1: Outcome.LML_ERROR, 2: Outcome.LML_ERROR}
    assert isinstance(talk.only.error, LmlUnavailable)
    assert talk.calls == WITH_RETRIES.attempts
    assert talk.only.refusals == {}


@pytest.mark.parametrize("kind", ["closed_head", "closed_body", "stalled_head", "stalled_body"])
def test_an_answer_that_does_not_arrive_is_asked_for_again(kind: Any) -> None:
    talk = ask(page(1, 2), faults=[Fault(kind, calls=frozenset({1}))])
    assert talk.kept.keys() == {1, 2}
    assert talk.calls == 2


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_honoured(status: int) -> None:
    faults = [Fault("status", first=2, status=status, retry_after_seconds=17)]
    assert ask(page(1), faults=faults).seconds == 34


def test_retry_after_as_a_date_is_honoured() -> None:
    # The date lies in the past of the real clock or in its future; either way it is no backoff.
    faults = [Fault("status", first=1, status=429, retry_after_seconds=0, retry_after_as_date=True)]
    talk = ask(page(1), faults=faults)
    assert talk.kept.keys() == {1}
    assert talk.calls == 2
    assert talk.seconds != 0.5


def test_a_retry_after_of_hours_is_cut_to_minutes() -> None:
    faults = [Fault("status", first=1, status=503, retry_after_seconds=86_400)]
    assert ask(page(1), faults=faults).seconds == 300


def test_jitter_only_adds() -> None:
    policy = RetryPolicy(attempts=2, first_wait=1, jitter=3)
    waits = {
        ask(page(1), retry_policy=policy, faults=[Fault("status", first=1, status=503)]).seconds
        for _ in range(10)
    }
    assert len(waits) > 1
    assert all(1 <= seconds <= 4 for seconds in waits)


# several pages at once


def test_the_next_page_is_asked_about_while_answers_are_kept() -> None:
    pretend = PretendLml(AT_ONCE)
    in_flight: list[int] = []

    async def talk() -> None:
        both_asked = asyncio.Event()

        async def keep(page: Page, answers: Answers) -> None:
            in_flight.append(pretend.counters.most_in_flight)
            if len(in_flight) == 2:
                both_asked.set()
            await both_asked.wait()

        transport = httpx.ASGITransport(app=pretend)  # pyright: ignore
        async with lml.open_lml(
            "http://lml",
            api_key=None,
            budget=UnlimitedBudget(),
            timeout_seconds=60,
            transport=transport,
        ) as client:
            resolver = BatchResolver(client, WITH_RETRIES, keep, max_in_flight=1)
            await asyncio.gather(resolver.resolve(page(1)), resolver.resolve(page(2)))

    run_virtually(talk())
    assert in_flight == [1, 1]


# answers that lie


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("short", Outcome.CARDINALITY_MISMATCH),
        ("foreign", Outcome.UNTRUSTED_LIBRARY_ID),
        ("duplicated", Outcome.UNTRUSTED_LIBRARY_ID),
    ],
)
def test_a_row_that_was_left_out_counts_by_the_kind_of_the_lie(kind: Any, outcome: Outcome) -> None:
    talk = ask(page(1, 2, 3), faults=[Fault(kind, rows=frozenset({2}))])
    assert talk.only.unanswered == {2: outcome}
    assert talk.kept.keys() == {1, 3}
    assert talk.calls == 1
    assert talk.resolver is not None
    assert talk.resolver.stopped is None


def test_a_reordered_answer_is_as_good_as_any() -> None:
    plain, reordered = ask(page(1, 2, 3)), ask(page(1, 2, 3), faults=[Fault("reordered")])
    assert reordered.kept == plain.kept
    assert reordered.only.unanswered == {}


@pytest.mark.parametrize("kind", ["malformed", "results_missing", "results_null"])
def test_an_answer_outside_the_contract_is_not_asked_for_again(kind: Any) -> None:
    talk = ask(page(1, 2), page(3), faults=[Fault(kind, first=1)])
    assert isinstance(talk.asked[0].error, LmlContractBroken)
    assert talk.asked[0].unanswered == {1: Outcome.LML_ERROR, 2: Outcome.LML_ERROR}
    assert talk.kept.keys() == {3}
    assert talk.calls == 2


# when to stop


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
def test_a_no_that_stays_a_no_stops_the_run_at_the_first_call(status: int) -> None:
    talk = ask(page(1), page(2), page(3), faults=[Fault("status", status=status)])
    assert talk.calls == 1
    assert talk.resolver is not None
    assert type(talk.resolver.stopped) is LmlRefused
    assert [each.unanswered for each in talk.asked] == [
        {number: Outcome.LML_ERROR} for number in (1, 2, 3)
    ]


def test_an_lml_that_was_never_there_stops_the_run_at_the_first_call() -> None:
    calls: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        raise httpx.ConnectError("nobody listens")

    talk = ask(page(1), page(2), transport=httpx.MockTransport(refuse))
    assert len(calls) == 1
    assert talk.resolver is not None
    assert isinstance(talk.resolver.stopped, LmlUnreachable)
    assert talk.seconds == 0


def test_an_lml_that_answered_once_is_waited_for_when_it_cannot_be_reached() -> None:
    calls: list[httpx.Request] = []
    well = httpx.ASGITransport(app=PretendLml(AT_ONCE))  # pyright: ignore

    class Flaky(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            calls.append(request)
            if len(calls) in (2, 3):
                raise httpx.ConnectError("deploying")
            return await well.handle_async_request(request)

    talk = ask(page(1), page(2), transport=Flaky())
    assert talk.kept.keys() == {1, 2}
    assert len(calls) == 4


def test_three_pages_in_a_row_without_an_answer_stop_the_run() -> None:
    pages = [page(number) for number in range(1, 9)]
    talk = ask(*pages, retry_policy=ONCE, faults=[Fault("status", status=503)])
    assert talk.calls == 3
    assert talk.resolver is not None
    assert isinstance(talk.resolver.stopped, LmlUnavailable)
    assert all(asked.error for asked in talk.asked)


def test_an_answer_between_keeps_the_run_going() -> None:
    pages = [page(number) for number in range(1, 10)]
    faults = [Fault("status", status=503, calls=frozenset({1, 2, 4, 5, 7, 8}))]
    talk = ask(*pages, retry_policy=ONCE, faults=faults)
    assert talk.kept.keys() == {*range(1, 10)}, "what had failed is asked again after the others"
    assert talk.resolver is not None
    assert talk.resolver.stopped is None
