"""The control plane: what only a pretend LML has, for those who are not in its process."""

from collections.abc import Sequence
from typing import Any, Protocol

from wxyc_sandbox.lml.counters import Counters
from wxyc_sandbox.lml.faults import Fault, faults_from_json
from wxyc_sandbox.lml.wire import HttpAnswer, Refusal, Request, json_answer, parse

PREFIX = "/sandbox/"


class Controlled(Protocol):
    counters: Counters

    @property
    def faults(self) -> tuple[Fault, ...]: ...
    @faults.setter
    def faults(self, faults: Sequence[Fault]) -> None: ...
    def configure(self, **changes: Any) -> None: ...


def answer(lml: Controlled, request: Request) -> HttpAnswer:
    """No key is asked for. 422 says what is wrong with a fault or a setting."""
    match request.method, request.path:
        case "GET", "/sandbox/counters":
            return json_answer(lml.counters.as_json())
        case "GET", "/sandbox/answered":
            return json_answer(lml.counters.answered)
        case "POST", "/sandbox/counters/reset":
            lml.counters.reset()
        case "PUT", "/sandbox/faults" | "/sandbox/settings":
            _put(lml, request)
        case _:
            raise Refusal(404, "Not Found")
    return json_answer({})


def _put(lml: Controlled, request: Request) -> None:
    wanted = parse(request.body)
    try:
        if request.path == "/sandbox/faults":
            lml.faults = faults_from_json(wanted)
        else:
            lml.configure(**wanted)
    except (ValueError, TypeError) as error:
        raise Refusal(422, str(error)) from None
