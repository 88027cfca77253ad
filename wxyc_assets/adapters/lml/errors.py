"""The errors of calls to LML.

LmlError
├── LmlUnavailable             no answer, or a request to come back later: a retry may help
│   └── LmlUnreachable         no connection at all
├── LmlRefused                 a refusal that no retry changes
│   ├── LmlRejectedBatch       a refusal of this batch (413, 422): a smaller one may pass
│   └── LmlContractBroken      a 200 that the contract does not allow
├── CircuitBreakerTimeout      LML's circuit breaker stayed open for longer than we wait
└── LiveActivityTimeout        a DJ was on the air for longer than we wait; LML was not called
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from wxyc_assets.adapters.responses import excerpt, redirect_target

RETRYABLE_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
BATCH_STATUSES = frozenset({413, 422})
HINTS = {
    401: ". Set LML_API_KEY.",
    403: ". LML_API_KEY is wrong, rotated or revoked.",
    404: ". Is LIBRARY_METADATA_URL the address of LML?",
}


class LmlError(Exception):
    """Anything that goes wrong between us and LML."""


class LmlUnavailable(LmlError):
    """LML did not answer, or asked us to come back later."""

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        """Seconds that LML asked us to wait."""


class LmlUnreachable(LmlUnavailable):
    """There is no connection to LML: a wrong address, or no server behind it."""


class LmlRefused(LmlError):
    """LML understood the request and refused it."""


class LmlRejectedBatch(LmlRefused):
    """LML refused the content of this batch."""


class LmlContractBroken(LmlRefused):
    """LML answered outside its own contract."""


class CircuitBreakerTimeout(LmlError):
    """LML's circuit breaker did not close within the time that we wait."""


class LiveActivityTimeout(LmlError):
    """A DJ was on the air for longer than we give way."""


def why_stopped(error: LmlError) -> str:
    """Return why a run stopped, as a sentence that says who stopped it."""
    if isinstance(error, LiveActivityTimeout):
        return str(error)
    return f"LML stopped us: {error}"


def raise_for_status(response: httpx.Response) -> None:
    """Raise the LmlError that a status other than 200 means."""
    status = response.status_code
    if status == 200:
        return
    request = response.request
    message = f"{request.method} {request.url.path}: HTTP {status} {excerpt(response)!r}"
    if status in RETRYABLE_STATUSES:
        raise LmlUnavailable(message, status=status, retry_after=_retry_after(response))
    if status in BATCH_STATUSES:
        raise LmlRejectedBatch(message)
    raise LmlRefused(message + _hint(response))


def _hint(response: httpx.Response) -> str:
    if not response.has_redirect_location:
        return HINTS.get(response.status_code, "")
    target = redirect_target(response)
    return f". It redirects to {target}, which is not followed. Is LIBRARY_METADATA_URL right?"


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds to wait; a date is taken by LML's own clock, if it told the time."""
    header = response.headers.get("Retry-After", "")
    if header.isdecimal():
        return float(header)
    if (until := _date(header)) is None:
        return None
    now = _date(response.headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _date(header: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
