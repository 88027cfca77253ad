"""The pretend LML on a real port, and faults that need a network."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE, LOOKUP, RESOLVE, batch
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.faults import Fault, Kind
from wxyc_sandbox.lml.server import serve

LONG_BATCH = batch(*range(1, 501))


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[PretendLml, str]]:
    lml = PretendLml(AT_ONCE, [(7, "Cat Power", "Moon Pix")])
    with serve(lml) as url:
        yield lml, url


@pytest.fixture
def lml(served: tuple[PretendLml, str]) -> Iterator[PretendLml]:
    yield served[0]
    served[0].faults = []
    served[0].counters.reset()


@pytest.fixture
def http(served: tuple[PretendLml, str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served[1]) as http:
        yield http


def test_it_answers_like_the_mounted_one(lml: PretendLml, http: httpx.Client) -> None:
    answer = http.post(RESOLVE, json=LONG_BATCH)
    assert [result["library_id"] for result in answer.json()["results"]] == list(range(1, 501))
    assert http.post(LOOKUP, json={"artist": "Cat Power", "album": "Moon Pix"}).status_code == 200
    assert http.get("/health").json()["discogs_breaker_state"] == "closed"
    assert http.get("/nowhere").status_code == 404


@pytest.mark.parametrize("kind", ["closed_head", "closed_body"])
def test_a_connection_can_break(lml: PretendLml, http: httpx.Client, kind: Kind) -> None:
    lml.faults = [Fault(kind, first=1)]
    with pytest.raises(httpx.RemoteProtocolError):
        http.post(RESOLVE, json=LONG_BATCH)
    assert http.post(RESOLVE, json=LONG_BATCH).status_code == 200
    assert set(lml.counters.answered.values()) == {1}


@pytest.mark.parametrize("kind", ["stalled_head", "stalled_body"])
def test_an_answer_can_stall(lml: PretendLml, http: httpx.Client, kind: Kind) -> None:
    lml.faults = [Fault(kind, first=1)]
    with pytest.raises(httpx.ReadTimeout):
        http.post(RESOLVE, json=LONG_BATCH, timeout=0.2)
    assert http.post(RESOLVE, json=LONG_BATCH).status_code == 200


def test_a_stall_ends_with_a_closed_connection(lml: PretendLml, http: httpx.Client) -> None:
    lml.faults = [Fault("stalled_body", seconds=0.05)]
    with pytest.raises(httpx.RemoteProtocolError):
        http.post(RESOLVE, json=LONG_BATCH)


def test_half_a_body_has_a_head_and_a_length(lml: PretendLml, http: httpx.Client) -> None:
    lml.faults = [Fault("closed_body")]
    with http.stream("POST", RESOLVE, json=LONG_BATCH) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()
    assert answer.num_bytes_downloaded == int(answer.headers["content-length"]) // 2


def test_it_can_be_controlled_from_another_process(lml: PretendLml, http: httpx.Client) -> None:
    faults = [{"kind": "status", "status": 429, "retry_after_seconds": 2, "first": 1}]
    assert http.put("/sandbox/faults", json=faults).status_code == 200
    shed = http.post(RESOLVE, json=batch(1))
    assert (shed.status_code, shed.headers["retry-after"]) == (429, "2")
    http.post(RESOLVE, json=batch(1))
    assert http.get("/sandbox/answered").json() == {"1": 1}
    assert http.get("/sandbox/counters").json()["statuses"]["resolve"] == {"429": 1, "200": 1}


def test_it_stops_even_while_a_call_is_stalled() -> None:
    lml = PretendLml(replace(AT_ONCE), faults=[Fault("stalled_head")])
    with serve(lml) as url, httpx.Client(base_url=url) as http:
        with pytest.raises(httpx.ReadTimeout):
            http.post(RESOLVE, json=batch(1), timeout=0.2)
        http.get("/sandbox/counters")


def test_two_can_be_served_at_once() -> None:
    with serve(PretendLml(AT_ONCE)) as one, serve(PretendLml(AT_ONCE)) as other:
        assert one != other
        assert httpx.get(f"{one}/health").status_code == 200
        assert httpx.get(f"{other}/health").status_code == 200
