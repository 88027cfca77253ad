"""Fixtures of a real PostgreSQL: one server per session, a fresh database per test."""

import gc
import signal
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

import hypothesis
import psycopg
import pytest
from psycopg import sql

from wxyc_assets.adapters.postgres.database import Database, open_database
from wxyc_assets.migrations.run import migrate
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.room import folder_for_data, lack_of_room
from wxyc_assets_tests.support.sample_library import fill_sample_library
from wxyc_assets_tests.support.watermark import count_moves
from wxyc_sandbox.backend import create_schema
from wxyc_sandbox.postgres import Postgres

TESTS = Path(__file__).parent
LONGEST = (
    "e2e/image/test_built_image.py",
    "e2e/distribution/test_distribution.py",
    "e2e/sabotage/test_ordinary_year.py",
    "e2e/operation/test_writer_role.py",
    "e2e/proofs/test_kills.py",
    "e2e/operation/test_operating.py",
    "e2e/proofs/test_restarts.py",
    "e2e/operation/test_secrets.py",
)
"""The files that take minutes, the longest first: one that starts last is waited for alone."""
SHARED_MEMORY = Path("/dev/shm")
TEMPLATE = "backend_template"
_numbers = count(1)


@pytest.fixture(scope="session")
def schema() -> str:
    return "wxyc_schema"


def pytest_configure() -> None:
    """Restore the default signal handlers, let no property test depend on speed, look for room.

    A process that a script starts in the background ignores SIGINT, and so do its children.
    Dagster's servers treat SIGTERM like SIGINT and could not be stopped.
    """
    gc.set_threshold(50_000, 20, 100)  # as in production: imports and tests make few cycles
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # PostgreSQL and Dagster keep locks in /dev/shm: without room, hundreds of tests would fail.
    for folder, least_mib in ((SHARED_MEMORY, 64), (Path(tempfile.gettempdir()), 2048)):
        if problem := lack_of_room(folder, least_mib=least_mib):
            pytest.exit(problem, returncode=2)
    hypothesis.settings.register_profile(
        "any_machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("any_machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest files first; the others keep their order."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


def pytest_collection_finish() -> None:
    """Spare the garbage collector the tests and modules themselves: they stay to the end."""
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres-bin",
        type=Path,
        help="programs of the server to test on (default: the embedded one)",
    )


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Generator[Postgres]:
    folder = folder_for_data(SHARED_MEMORY, least_mib=4096)  # each worker's data: up to 700 MiB
    with tempfile.TemporaryDirectory(prefix="wxyc-", dir=folder) as home:
        Path(home).chmod(
            0o711
        )  # the server of root runs as another user, which cannot enter pytest's folders
        bin = request.config.getoption("--postgres-bin")
        with Postgres(Path(home) / "postgres", bin, durable=False) as server:
            yield server


@pytest.fixture(scope="session")
def backend_template(postgres: Postgres, schema: str) -> str:
    postgres.create_database(TEMPLATE)
    with psycopg.connect(postgres.url(TEMPLATE)) as connection:
        create_schema(connection, schema)
        count_moves(connection)
    return TEMPLATE


CopyOf = Callable[[str], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def copy_of(postgres: Postgres) -> Iterator[CopyOf]:
    """A context manager that copies a database by its name and yields the URL.

    Its connection is kept: two new ones per database would cost as much as the copy.
    """
    with _administrator(postgres) as kept:
        yield lambda template: _copied(kept, postgres, template)


@pytest.fixture
def database(copy_of: CopyOf) -> Iterator[str]:
    """The URL of an empty database."""
    with copy_of("template0") as url:
        yield url


@pytest.fixture
def backend(copy_of: CopyOf, backend_template: str) -> Iterator[str]:
    """The URL of a database with the Backend's schema and no rows."""
    with copy_of(backend_template) as url:
        yield url


class Server(Protocol):
    """Anything that has databases."""

    def url(self, database: str) -> str: ...


@contextmanager
def _fresh_database(server: Server, *, template: str) -> Iterator[str]:
    """Copy a template on any server: it may restart before the copy is dropped."""
    name = f"test_{next(_numbers)}"
    copy_database(server, template, name)
    yield server.url(name)
    with _administrator(server) as connection:
        _drop(connection, name)


@contextmanager
def _copied(connection: psycopg.Connection, server: Server, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    _copy(connection, template, name)
    yield server.url(name)
    _drop(connection, name)


def copy_database(server: Server, template: str, name: str) -> None:
    with _administrator(server) as connection:
        _copy(connection, template, name)


def _copy(connection: psycopg.Connection, template: str, name: str) -> None:
    """Copy the template's files, as PostgreSQL 14 always does: that is cheaper than its log."""
    strategy = "strategy file_copy" if connection.info.server_version >= 150_000 else ""
    connection.execute(
        sql.SQL("create database {} template {} {}").format(
            sql.Identifier(name), sql.Identifier(template), sql.SQL(strategy)
        )
    )


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _administrator(server: Server) -> psycopg.Connection:
    return psycopg.connect(server.url("postgres"), autocommit=True)


ASSETS_TEMPLATE = "assets_template"


@pytest.fixture(scope="session")
def assets_template(postgres: Postgres, backend_template: str, schema: str) -> str:
    copy_database(postgres, backend_template, ASSETS_TEMPLATE)
    migrate(postgres.url(ASSETS_TEMPLATE), assets_schema="wxyc_assets", backend_schema=schema)
    return ASSETS_TEMPLATE


@pytest.fixture
def assets(copy_of: CopyOf, assets_template: str) -> Iterator[str]:
    """The URL of a database with the Backend's schema and our own, and no rows."""
    with copy_of(assets_template) as url:
        yield url


@pytest.fixture
def backend_db(assets: str) -> Generator[BackendDb]:
    """Direct access to the tables of `assets`."""
    with BackendDb(assets) as opened:
        yield opened


@pytest.fixture
async def opened(assets: str, schema: str) -> AsyncGenerator[Database]:
    """`assets`, opened with the project's own adapter."""
    async with open_database(
        assets, schema=schema, assets_schema="wxyc_assets", max_connections=8
    ) as database:
        yield database


SAMPLE_LIBRARY_TEMPLATE = "sample_library_template"


@pytest.fixture(scope="session")
def sample_library_template(postgres: Postgres, assets_template: str) -> str:
    copy_database(postgres, assets_template, SAMPLE_LIBRARY_TEMPLATE)
    with BackendDb(postgres.url(SAMPLE_LIBRARY_TEMPLATE)) as backend_db:
        fill_sample_library(backend_db)
    return SAMPLE_LIBRARY_TEMPLATE


@pytest.fixture
def sample_library(copy_of: CopyOf, sample_library_template: str) -> Iterator[str]:
    """The URL of a database with the sample library, without any answers of LML."""
    with copy_of(sample_library_template) as url:
        yield url
