"""Calls that the log of callers keeps from the pretend LML, so that claims count what is there."""

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import httpx
import pytest

from wxyc_assets_tests.e2e.distribution.caller_log import CallerLog
from wxyc_assets_tests.integration.sandbox.lml.clients import RESOLVE, batch
from wxyc_assets_tests.support.waiting import wait_for
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.lml.settings import LmlSettings

ADDRESS = "127.0.0.1"
NEVER = 3600.0


@pytest.fixture
def lml() -> PretendLml:
    return PretendLml(LmlSettings(base_latency_seconds=NEVER, edge_timeout_seconds=NEVER))


@pytest.fixture
def log(lml: PretendLml) -> CallerLog:
    return CallerLog(lml)


@pytest.fixture
def url(log: CallerLog) -> Iterator[str]:
    with serve(log) as url:
        yield url


def send_call(url: str) -> HTTPConnection:
    """Send a call and return its connection, from which nothing was read."""
    connection = HTTPConnection(httpx.URL(url).netloc.decode())
    connection.request("POST", RESOLVE, json.dumps(batch(1)))
    return connection


def test_a_machine_that_dies_slowly_adds_nothing_to_what_it_leaves_behind(
    lml: PretendLml, log: CallerLog, url: str
) -> None:
    with closing(send_call(url)):
        wait_for(lambda: lml.counters.in_flight == 1)
        assert log.lose(ADDRESS) == 1
        with closing(send_call(url)):
            wait_for(lambda: log.in_progress(ADDRESS) == 2)
        wait_for(lambda: log.in_progress(ADDRESS) == 1 or lml.counters.in_flight == 2)
        assert lml.counters.most_in_flight == log.calls[ADDRESS] == 1


def test_a_call_that_was_given_up_while_it_was_held_is_not_at_lml(
    lml: PretendLml, log: CallerLog, url: str
) -> None:
    log.await_meeting()
    with closing(send_call(url)):
        wait_for(lambda: log.in_progress(ADDRESS) == 1)
    wait_for(lambda: log.in_progress(ADDRESS) == 0 or lml.counters.in_flight == 1)
    assert lml.counters.most_in_flight == 0
