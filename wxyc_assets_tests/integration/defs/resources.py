"""The resources of the assets over a test's database and its pretend LML."""

from typing import Any

from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.resources import DatabaseResource


def database_at(url: str) -> DatabaseResource:
    """Return the resource of a test's database."""
    return DatabaseResource(url=url, schema_name="wxyc_schema", assets_schema_name="wxyc_assets")


def lml_at(url: str, **changes: Any) -> LmlResource:
    """Return the resource of a pretend LML that answers at once, or soon fails for good."""
    usual: dict[str, Any] = {
        "api_key": "",
        "local_dev": True,
        "timeout_seconds": 60,
        "lookup_timeout_seconds": 60,
        "max_in_flight": 4,
        "rate_per_minute": 0,
        "breaker_ceiling_minutes": 0,
        "attempts": 2,
        "first_wait_seconds": 0,
    }
    return LmlResource(url=url, **usual | changes)
