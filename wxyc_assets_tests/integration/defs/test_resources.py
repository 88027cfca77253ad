import asyncio
from contextlib import asynccontextmanager
from typing import Any

import dagster as dg
import psycopg.conninfo
import pytest
from sqlalchemy.exc import OperationalError

from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.adapters.lml.errors import LmlRefused
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.errors import RowRefused
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.resources import DatabaseResource

SECRET = "hunter2"
STORAGE_LOST = OperationalError("insert into event_logs", {}, Exception("the server hung up"))
STORAGE_LOST_MESSAGE = (
    "Dagster's storage went away: (builtins.Exception) the server hung up. Every answer so far is "
    "stored; run again."
)


def database(**changes: Any) -> DatabaseResource:
    usual: dict[str, Any] = {
        "url": "",
        "schema_name": "wxyc_schema",
        "assets_schema_name": "wxyc_assets",
    }
    return DatabaseResource(**usual | changes)


def lml(**changes: Any) -> LmlResource:
    usual: dict[str, Any] = {
        "url": "http://lml.example.org",
        "api_key": "sesame",
        "timeout_seconds": 60,
        "lookup_timeout_seconds": 60,
        "max_in_flight": 2,
        "rate_per_minute": 0,
        "breaker_ceiling_minutes": 1,
    }
    return LmlResource(**usual | changes)


def test_a_database_is_named_by_its_url() -> None:
    assert database(url="postgresql://x/y", host="z").conninfo() == "postgresql://x/y"


def test_a_database_is_named_by_its_parts() -> None:
    named = database(
        host="db", port=5433, name="wxyc", username="dj", password="a b'c@/"
    ).conninfo()
    assert psycopg.conninfo.conninfo_to_dict(named) == {
        "host": "db",
        "port": "5433",
        "dbname": "wxyc",
        "user": "dj",
        "password": "a b'c@/",
    }


@pytest.mark.parametrize("missing", ["host", "name", "username"])
def test_a_database_that_is_not_named_says_what_to_set(missing: str) -> None:
    parts = {"host": "db", "name": "wxyc", "username": "dj", "password": SECRET} | {missing: None}
    with pytest.raises(dg.Failure, match="Set DATABASE_URL, or DB_HOST") as caught:
        database(**parts).conninfo()
    assert SECRET not in str(caught.value)


def opened(resource: LmlResource) -> None:
    @asynccontextmanager
    async def nobody_asks():
        yield

    async def work() -> None:
        untouched: Any = nobody_asks
        async with resource.open(Database(untouched, untouched), CallerReason.SMOKE):
            raise AssertionError("it was opened")

    asyncio.run(work())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lml.example.org",
        "ftp://lml.example.org",
        "http://",
        "http:///api/v1",
        "http://[::1",
        "http://lml.example.org:port",
        "http://lml.example.org:99999",
        "http://lml example.org",
        "http://lml.example.org\n",
        f"https://dj:{SECRET}@lml.example.org",
    ],
)
def test_an_address_that_is_none_says_what_one_looks_like(url: str) -> None:
    with pytest.raises(dg.Failure) as caught:
        opened(lml(url=url))
    said = str(caught.value.description)
    assert "LIBRARY_METADATA_URL" in said
    assert "https://lml.example.org" in said
    assert SECRET not in said
    assert caught.value.allow_retries is False


def test_a_missing_key_says_what_to_set() -> None:
    with pytest.raises(dg.Failure, match="LML_API_KEY is not set") as caught:
        opened(lml(api_key=""))
    assert "LOCAL_DEV=1" in str(caught.value.description)


@pytest.mark.parametrize("key", [f"{SECRET}\n", f"{SECRET} x", f"{SECRET}é", f"\0{SECRET}"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: str) -> None:
    with pytest.raises(dg.Failure, match="no header can carry") as caught:
        opened(lml(api_key=key))
    assert SECRET not in str(caught.value.description)


async def raise_inside(url: str, error: BaseException) -> None:
    """Raise in a block that uses both resources, one inside the other."""
    async with database(url=url).open() as opened, lml().open(opened, CallerReason.SMOKE):
        raise error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RowRefused("a value is too long"), "a value is too long"),
        (LmlRefused("HTTP 401"), "HTTP 401"),
        (ExceptionGroup("2 tasks", [LmlRefused("HTTP 401"), LmlRefused("HTTP 403")]), "HTTP 401"),
        (
            ExceptionGroup("1 task", [ExceptionGroup("1 task", [RowRefused("too long")])]),
            "too long",
        ),
        (ExceptionGroup("2 tasks", [LmlRefused("HTTP 401"), dg.Failure("stop")]), "stop"),
        (STORAGE_LOST, STORAGE_LOST_MESSAGE),
        (ExceptionGroup("2 tasks", [RowRefused("too long"), STORAGE_LOST]), STORAGE_LOST_MESSAGE),
    ],
)
async def test_an_adapters_error_inside_the_block_is_one_failure_with_its_message(
    assets: str, error: Exception, message: str
) -> None:
    with pytest.raises(dg.Failure) as caught:
        await raise_inside(assets, error)
    assert caught.value.description == message
    assert not isinstance(caught.value.__cause__, dg.Failure)


async def test_what_is_no_adapters_error_passes_unchanged(assets: str) -> None:
    with pytest.raises(ZeroDivisionError):
        await raise_inside(assets, ZeroDivisionError())
    with pytest.raises(asyncio.CancelledError):
        await raise_inside(assets, asyncio.CancelledError())


async def test_a_database_that_cannot_be_reached_is_a_failure() -> None:
    with pytest.raises(dg.Failure, match="The Backend database cannot be reached"):
        await raise_inside("postgresql://nobody@127.0.0.1:1/wxyc", AssertionError())
