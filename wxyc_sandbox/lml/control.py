"""The control plane: routes that steer the pretend LML from another process."""

from collections.abc import Sequence
from typing import Any, Protocol

from wxyc_sandbox.lml.counters import Counters
from wxyc_sandbox.lml.faults import Fault, faults_from_json
from wxyc_sandbox.lml.wire import HttpAnswer, HttpError, Request, json_answer, parse

PREFIX = "/sandbox/"


class Controlled(Protocol):
    """The part of a pretend LML that the control plane uses."""

    counters: Counters

    @property
    def faults(self) -> tuple[Fault, ...]: ...
    @faults.setter
    def faults(self, faults: Sequence[Fault]) -> None: ...
    def configure(self, **changes: Any) -> None: ...


def answer(lml: Controlled, request: Request) -> HttpAnswer:
    """Answer a control request; needs no API key.

    Raises HttpError, with 422 for an invalid fault or setting.
    """
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
            raise HttpError(404, "Not Found")
    return json_answer({})


def _put(lml: Controlled, request: Request) -> None:
    payload = parse(request.body)
    try:
        if request.path == "/sandbox/faults":
            lml.faults = faults_from_json(payload)
        else:
            lml.configure(**payload)
    except (ValueError, TypeError) as error:
        raise HttpError(422, str(error)) from None
