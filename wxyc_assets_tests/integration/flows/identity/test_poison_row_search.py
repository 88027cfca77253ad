"""The search for rows that LML refuses, or hangs up on."""

import asyncio
import math
from dataclasses import replace

import httpx
import pytest

from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.bulk_resolve import Answers
from wxyc_assets.adapters.lml.errors import (
    LmlRejectedBatch,
    LmlUnavailable,
)
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


@pytest.mark.parametrize("status", [422, 500])
@pytest.mark.parametrize("size", [2, 3, 64, 100, 500])
@pytest.mark.parametrize("position", ["first", "middle", "last"])
def test_a_poison_row_ends_alone_after_about_twice_the_depth_in_calls(
    status: int, size: int, position: str
) -> None:
    poison = {"first": 1, "middle": size // 2, "last": size}[position]
    faults = [Fault("status", rows=frozenset({poison}), status=status)]
    talk = ask(page(*range(1, size + 1)), faults=faults)
    assert [each.library_id for each in talk.only.refusals] == [poison]
    assert talk.kept.keys() == {*range(1, size + 1)} - {poison}
    assert (talk.only.unanswered, talk.only.error) == ({}, None)
    # For the page, and for the row: once before LML answered anybody, and then with all retries.
    retries = 0 if status == 422 else 2 * (WITH_RETRIES.attempts - 1) + 1
    assert talk.calls <= 1 + 2 * math.ceil(math.log2(size)) + retries


def test_several_poison_rows_end_alone_and_the_rest_is_answered() -> None:
    poison = {1, 2, 250, 499, 500}
    faults = [Fault("status", rows=frozenset(poison), status=422)]
    talk = ask(page(*range(1, 501)), faults=faults)
    assert {each.library_id for each in talk.only.refusals} == poison
    assert talk.kept.keys() == {*range(1, 501)} - poison
    assert "HTTP 422" in next(iter(talk.only.refusals.values()))


def test_a_page_of_poison_only_is_refused_row_by_row() -> None:
    faults = [Fault("status", rows=frozenset({1, 2}), status=422)]
    talk = ask(page(1, 2), page(3), faults=faults)
    assert {each.library_id for each in talk.asked[0].refusals} == {1, 2}
    assert talk.kept.keys() == {3}


def test_a_page_above_lmls_cap_is_halved() -> None:
    talk = ask(page(*range(1, 1_202)))
    assert talk.kept.keys() == {*range(1, 1_202)}
    assert talk.calls == 3


@pytest.mark.parametrize("size", [1, 2, 8, 500])
def test_an_lml_that_fails_over_everything_refuses_nobody(size: int) -> None:
    talk = ask(page(*range(1, size + 1)), faults=[Fault("status", status=500)])
    assert talk.only.refusals == {}
    assert talk.only.unanswered == dict.fromkeys(range(1, size + 1), Outcome.LML_ERROR)
    assert isinstance(talk.only.error, LmlUnavailable)
    depth = math.ceil(math.log2(size)) if size > 1 else 0
    assert talk.calls <= WITH_RETRIES.attempts + 2 * depth + 3
    assert talk.seconds == 0.5 + 1 + 2, "only the page itself is retried"


def test_a_row_that_was_tried_while_nobody_was_answered_is_tried_again_when_somebody_is() -> None:
    # All of 1, 2 fails, and so does 1 alone: LML is ill, until it answers about 2.
    faults = [Fault("status", first=WITH_RETRIES.attempts + 1, status=500)]
    talk = ask(page(1, 2), faults=faults)
    assert talk.kept.keys() == {1, 2}
    assert talk.only.refusals == {}
    assert talk.calls == WITH_RETRIES.attempts + 3


def test_an_lml_that_falls_ill_while_a_row_is_sought_refuses_nobody_for_it() -> None:
    faults = [
        Fault("status", rows=frozenset({500}), status=500),
        Fault("status", calls=frozenset(range(6, 200)), status=500),
    ]
    talk = ask(page(*range(1, 501)), faults=faults)
    assert talk.only.refusals == {}
    assert talk.kept
    assert talk.only.unanswered.keys() == {*range(1, 501)} - talk.kept.keys()


def test_a_lone_row_that_lml_rejects_is_refused_once_it_answers_about_another() -> None:
    talk = ask(page(1), faults=[Fault("status", rows=frozenset({1}), status=422)])
    assert [each.library_id for each in talk.only.refusals] == [1]
    assert talk.kept == {}
    assert talk.calls == 2  # the second one about the control record


@pytest.mark.parametrize("status", [413, 422])
@pytest.mark.parametrize("size", [1, 2, 100, 500])
def test_an_lml_that_rejects_everything_refuses_nobody(status: int, size: int) -> None:
    pages = [page(*range(first, first + size)) for first in range(1, 5 * size + 1, size)]
    talk = ask(*pages, faults=[Fault("status", status=status)])
    assert [each.refusals for each in talk.asked] == [{}] * 5
    for asked, each in zip(talk.asked, pages, strict=True):
        assert asked.unanswered == dict.fromkeys(
            (record.library_id for record in each), Outcome.LML_ERROR
        )
    assert talk.resolver is not None
    assert isinstance(talk.resolver.stopped, LmlRejectedBatch)


def test_while_others_are_answered_a_lone_row_that_always_fails_is_refused() -> None:
    pretend = PretendLml(AT_ONCE, faults=[Fault("status", rows=frozenset({1}), status=500)])
    refusals: list[int] = []

    async def keep(page: Page, answers: Answers) -> None:
        pass

    async def talk() -> None:
        transport = httpx.ASGITransport(app=pretend)  # pyright: ignore
        async with lml.open_lml(
            "http://lml",
            api_key=None,
            budget=UnlimitedBudget(),
            timeout_seconds=60,
            transport=transport,
        ) as client:
            resolver = BatchResolver(client, WITH_RETRIES, keep, max_in_flight=2)
            lone, _ = await asyncio.gather(resolver.resolve(page(1)), resolver.resolve(page(2)))
            refusals.extend(each.library_id for each in lone.refusals)

    run_virtually(talk())
    assert refusals == [1]


def test_during_isolation_a_part_is_not_retried_but_a_lone_row_is() -> None:
    faults = [
        Fault("status", rows=frozenset({4}), status=422),
        Fault("status", calls=frozenset({5}), status=503),
    ]
    talk = ask(page(1, 2, 3, 4), faults=faults)
    assert talk.kept.keys() == {1, 2, 3}
    assert [each.library_id for each in talk.only.refusals] == [4]


# rows on which LML hangs up, or that are too much for it

HANGS_UP = {
    "502": Fault("status", status=502, body="html"),
    "503": Fault("status", status=503),
    "504": Fault("status", status=504, body="empty"),
    "closed before the answer": Fault("closed_head"),
    "closed in the middle": Fault("closed_body"),
    "stalled": Fault("stalled_head", seconds=600),
}


@pytest.mark.parametrize("what", HANGS_UP)
@pytest.mark.parametrize("position", [1, 50, 100])
def test_a_row_that_lml_hangs_up_on_is_refused_after_the_others(what: str, position: int) -> None:
    fault = replace(HANGS_UP[what], rows=frozenset({position}))
    talk = ask(page(*range(1, 101)), page(200), faults=[fault])
    assert talk.kept.keys() == {*range(1, 101), 200} - {position}
    assert [each.library_id for each in talk.asked[0].refusals] == [position]
    assert (talk.asked[0].unanswered, talk.asked[0].error) == ({}, None)
    # The page, then the search, in which the row alone has all retries, and those once more.
    searched = 2 * math.ceil(math.log2(100))
    assert talk.calls <= 2 + searched + 3 * WITH_RETRIES.attempts


def test_such_a_row_is_found_in_the_only_page_there_is() -> None:
    talk = ask(page(*range(1, 9)), faults=[Fault("closed_head", rows=frozenset({8}))])
    assert [each.library_id for each in talk.only.refusals] == [8]
    assert talk.kept.keys() == {*range(1, 8)}


@pytest.mark.parametrize("what", HANGS_UP)
def test_an_lml_that_hangs_up_on_everybody_refuses_nobody(what: str) -> None:
    fault = replace(HANGS_UP[what], route="resolve")  # it says that it is well
    talk = ask(page(*range(1, 101)), faults=[fault], retry_policy=ONCE)
    assert talk.only.refusals == {}
    assert talk.only.unanswered == dict.fromkeys(range(1, 101), Outcome.LML_ERROR)
    assert talk.calls <= 1 + math.ceil(math.log2(100)) + 3


def test_an_lml_that_is_down_is_not_searched_for_a_row() -> None:
    talk = ask(page(*range(1, 101)), faults=[Fault("status", status=503)])
    assert talk.only.unanswered.keys() == {*range(1, 101)}
    assert talk.calls == WITH_RETRIES.attempts


def test_an_lml_that_is_slow_for_large_pages_answers_small_ones_and_refuses_nobody() -> None:
    talk = ask(
        page(*range(1, 101)), page(*range(101, 201)), timeout_seconds=2, row_latency_seconds=0.04
    )
    assert talk.kept.keys() == {*range(1, 201)}
    assert [each.refusals for each in talk.asked] == [{}, {}]
    assert [each.error for each in talk.asked] == [None, None]


def test_an_lml_that_goes_down_while_a_row_is_sought_refuses_nobody_for_it() -> None:
    page_and_three_parts = WITH_RETRIES.attempts + 3
    faults = [
        Fault("status", rows=frozenset({100}), status=504),
        Fault(
            "status", route="resolve", calls=frozenset(range(page_and_three_parts, 500)), status=503
        ),
    ]
    talk = ask(page(*range(1, 101)), faults=faults)
    assert talk.kept
    assert talk.only.refusals == {}
    assert talk.only.unanswered.keys() == {*range(1, 101)} - talk.kept.keys()


def test_a_row_that_fails_alone_is_not_refused_by_an_lml_that_calls_itself_unhealthy() -> None:
    faults = [
        Fault("closed_head", route="resolve", rows=frozenset({8})),
        Fault("status", route="health", status=503, calls=frozenset({2})),
    ]
    talk = ask(page(*range(1, 9)), faults=faults)
    assert talk.only.refusals == {}
    assert talk.only.unanswered == {8: Outcome.LML_ERROR}


def test_a_row_is_not_refused_while_lml_asks_to_come_back_later() -> None:
    fault = Fault("status", rows=frozenset({1}), status=503, retry_after_seconds=1)
    talk = ask(page(1, 2), page(3), faults=[fault])
    assert talk.asked[0].refusals == {}
    assert talk.asked[0].unanswered.keys() == {1, 2}


def test_a_lone_row_that_fails_beside_nobody_is_not_refused() -> None:
    talk = ask(page(1), faults=[Fault("closed_head", rows=frozenset({1}))])
    assert (talk.only.refusals, talk.only.unanswered) == ({}, {1: Outcome.LML_ERROR})
