"""HTTP requests and answers at the ASGI boundary."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic_core import PydanticSerializationError, to_json

Json = dict[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request with its whole body."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> str | None:
        """Return a header's value; `name` is lower case."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP response with its whole body."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


class HttpError(Exception):
    """An error answer: a status and a body of `{"message", "code", "details"}`."""

    def __init__(self, status: int, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code

    def answer(self) -> HttpAnswer:
        """Return the error as an HTTP response."""
        body: Json = {"message": self.message}
        if self.code is not None:
            body |= {"code": self.code, "details": None}
        return json_answer(body, status=self.status)


def json_answer(payload: object, *, status: int = 200) -> HttpAnswer:
    """Return a payload as an HTTP response, written as FastAPI writes it."""
    try:
        return HttpAnswer(status, to_json(payload, inf_nan_mode="constants"))
    except PydanticSerializationError:  # a lone surrogate can only be escaped
        return HttpAnswer(status, json.dumps(payload, separators=(",", ":")).encode())


def parse(body: bytes) -> Any:
    """Return the JSON of a body; raise `HttpError` with 400 if it is malformed."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HttpError(400, f"Malformed JSON body: {error}") from None


def as_object(payload: Any) -> Json:
    """Return the payload if it is a JSON object, otherwise an empty one."""
    return cast(Json, payload) if type(payload) is dict else {}


async def read(scope: Message, receive: Receive) -> Request:
    """Receive a request with its whole body."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
    return Request(scope["method"], scope["path"], dict(scope["headers"]), body)


async def send_head(send: Send, answer: HttpAnswer) -> None:
    """Send the status and the headers."""
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def send_answer(send: Send, answer: HttpAnswer) -> None:
    """Send the whole response."""
    await send_head(send, answer)
    await send({"type": "http.response.body", "body": answer.body})
