"""The parts of a refresh's answer that are trusted."""

import json
from typing import Any

import pytest

from wxyc_assets.adapters.lml.refresh import read_refreshed
from wxyc_assets.adapters.lml.wire import NotAnAnswer
from wxyc_assets.domain.refreshes import Refreshed, RefreshStatus


def read(*results: Any, asked: tuple[int, ...] = (1,)) -> dict[int, Refreshed]:
    return read_refreshed(json.dumps({"results": results}).encode(), asked)


def result(identity_id: Any = 1, status: Any = "warmed", sources: Any = None) -> dict[str, Any]:
    return {"identity_id": identity_id, "status": status, "sources": sources, "message": None}


def source(outcome: str, *artists: str) -> dict[str, Any]:
    return {"release_outcome": outcome, "artists": [{"outcome": each} for each in artists]}


def test_each_success_of_a_release_and_of_an_artist_counts() -> None:
    sources = {
        "discogs": source("success", "success", "error", "success"),
        "spotify": source("success", "success"),
        "musicbrainz": source("not_implemented"),
        "wikidata": source("error", "success"),
    }
    assert read(result(sources=sources)) == {1: Refreshed(RefreshStatus.WARMED, 2, 4, requests=4)}


@pytest.mark.parametrize("status", ["not_found", "not_implemented", "error"])
def test_the_other_statuses_warm_nothing(status: str) -> None:
    sources = {"discogs": source("success", "success")}
    assert read(result(status=status, sources=sources)) == {
        1: Refreshed(RefreshStatus(status), requests=2)
    }


@pytest.mark.parametrize("status", ["frozen", "drift", None, 7, ["warmed"], "WARMED", "x" * 1000])
def test_an_unknown_status_is_drift(status: Any) -> None:
    drifted = read(result(status=status))[1]
    assert drifted.status is RefreshStatus.DRIFT
    assert 0 < len(drifted.said) < 100


@pytest.mark.parametrize("sources", [None, [], "discogs"])
def test_warmed_by_nobody_is_drift(sources: Any) -> None:
    assert read(result(sources=sources))[1].status is RefreshStatus.DRIFT


@pytest.mark.parametrize("sources", [{"discogs": None}, {"discogs": {"artists": "many"}}, {}])
def test_odd_sources_warm_nothing(sources: Any) -> None:
    assert read(result(sources=sources)) == {1: Refreshed(RefreshStatus.WARMED)}


@pytest.mark.parametrize("stray", [None, 7, [], {}, result("1"), result(True), result(99)])
def test_whoever_is_not_answered_has_drifted(stray: Any) -> None:
    answered = read(stray, result(2, "not_found"), asked=(1, 2))
    assert answered[1] == Refreshed(RefreshStatus.DRIFT, said="no answer")
    assert answered[2].status is RefreshStatus.NOT_FOUND
    assert answered.keys() == {1, 2}


def test_the_first_answer_counts() -> None:
    answered = read(result(status="not_found"), result(status="error"))
    assert answered == {1: Refreshed(RefreshStatus.NOT_FOUND)}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"results": {}}', b"null"])
def test_a_body_without_results_is_no_answer(body: bytes) -> None:
    with pytest.raises(NotAnAnswer):
        read_refreshed(body, [1])
