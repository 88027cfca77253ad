"""A pretend LML whose answers are changed on their way out."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.wire import Json, Message, Receive, Send, json_answer, send_answer

Change = Callable[[Json], Json]

RESOLVE, LOOKUP = "/api/v1/identity/bulk-resolve-libraries", "/api/v1/lookup"
UNRESOLVED: Json = {
    "kind": "unresolved", "main": None, "method": None, "confidence": None, "provenance": [],
    "tracks_attempted": False, "tracks": [],
}  # fmt: skip


class TamperedLml:
    """An ASGI application that passes calls on, and changes the answers as it is told to."""

    def __init__(self, lml: PretendLml) -> None:
        self.lml = lml
        self._settings = asdict(lml.settings)
        self.resolution: Change | None = None
        """Changes each result of a bulk-resolve call."""
        self.lookup: Change | None = None
        """Changes the answer of a lookup."""

    def behave(self) -> None:
        """Answer like the pretend LML again."""
        self.resolution = self.lookup = None
        self.lml.faults = ()
        self.lml.configure(**self._settings)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        change = self._change(scope.get("path", ""))
        if change is None:
            await self.lml(scope, receive, send)
            return
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.lml(scope, receive, keep)
        start, body = messages
        if start["status"] != 200:
            await send(start)
            await send(body)
            return
        await send_answer(send, json_answer(change(json.loads(body["body"]))))

    def _change(self, path: str) -> Change | None:
        if path == RESOLVE and self.resolution is not None:
            return _of_each_result(self.resolution)
        return self.lookup if path == LOOKUP else None


def _of_each_result(change: Change) -> Change:
    return lambda payload: payload | {"results": [change(each) for each in payload["results"]]}


def as_unresolved(result: Json) -> Json:
    """Return the answer for an artist whom nobody knows."""
    return result | UNRESOLVED


def as_compilation(result: Json) -> Json:
    """Return the answer for a compilation that the matcher has not visited."""
    return result | UNRESOLVED | {"kind": "compilation"}


def as_one_artist(result: Json) -> Json:
    """Return the same artist for every record that has one."""
    if result["kind"] != "single_artist":
        return result
    entry = {
        "source": "spotify", "method": "exact_match", "confidence": 1.0, "external_id": "0" * 22,
    }  # fmt: skip
    main = dict.fromkeys(result["main"]) | {"spotify_artist_id": "0" * 22}
    return result | {
        "main": main, "method": "exact_match", "confidence": 1.0, "provenance": [entry],
    }  # fmt: skip


def other_artist_for(is_affected: Callable[[int], bool]) -> Change:
    """Return a change of mind about the artists of some records."""

    def change(result: Json) -> Json:
        if result["kind"] != "single_artist" or not is_affected(result["library_id"]):
            return result
        external_id = f"{result['library_id']:022}"
        return as_one_artist(result) | {
            "main": result["main"] | {"spotify_artist_id": external_id},
            "provenance": [
                *(each for each in result["provenance"] if each["source"] != "spotify"),
                {
                    "source": "spotify", "method": "exact_match", "confidence": 1.0,
                    "external_id": external_id,
                },
            ],
        }  # fmt: skip

    return change


def without_results(answer: Json) -> Json:
    """Return the answer to a lookup that found nothing."""
    return answer | {"results": [], "search_type": "none"}


def timed_out(answer: Json) -> Json:
    """Return the answer to a lookup that LML gave up on."""
    return without_results(answer) | {"timeout": True}


def with_one_picture(answer: Json) -> Json:
    """Return the answer with the same picture on every release."""
    picture: dict[str, Any] = {
        "artwork_url": "https://i.discogs.com/rs:fit/czM6Ly9kaXNjb2dzLWRhdGFiYXNlLWltYWdlcy9SLTEuanBlZw.jpeg"
    }
    results = [
        each | {"artwork": each["artwork"] and each["artwork"] | picture}
        for each in answer["results"]
    ]
    return answer | {"results": results}
