"""Log lines: one JSON object each on stderr, with the context it belongs to.

The context bound here is set on Sentry's spans as well.
"""

import logging
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import structlog

from wxyc_assets.telemetry.redaction import Redaction

REPO = "wxyc-assets"
Logger = structlog.typing.FilteringBoundLogger


def start(redaction: Redaction) -> None:
    """Configure our loggers to write JSON lines; call it before any of them is used."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines hold whole addresses

    def redacted(_: Any, __: str, line: Mapping[str, Any]) -> Mapping[str, Any]:
        return redaction.everywhere(line)

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            redacted,
            structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,  # stderr is another one in each step
    )


def logger() -> Logger:
    """Return the logger; a line's event says what happened, its fields hold the numbers."""
    return structlog.get_logger()


def about(**what: str | None) -> AbstractContextManager[None]:
    """Bind context (`tool`, `step`, `run_id`, `id_range`) to every line and span in a block."""
    named = {name: value for name, value in what.items() if value is not None}
    return structlog.contextvars.bound_contextvars(repo=REPO, **named)


def bound() -> dict[str, str]:
    """Return the context that is bound here."""
    return structlog.contextvars.get_contextvars()
