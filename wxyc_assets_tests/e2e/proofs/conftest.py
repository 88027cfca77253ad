"""Fixtures: a small library seeded once, and its tables after undisturbed runs."""

import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import psycopg
import pytest

from wxyc_assets.migrations.run import migrate
from wxyc_assets_tests.conftest import Server, _fresh_database
from wxyc_assets_tests.e2e.proofs.children import RunStarter
from wxyc_assets_tests.e2e.proofs.crash_check import CrashCheck, crash_check
from wxyc_assets_tests.e2e.proofs.dagster_storage import dagster_instance
from wxyc_assets_tests.e2e.proofs.graph_runs import Graph
from wxyc_assets_tests.e2e.proofs.small_library import (
    SLOW,
    ServedLml,
    SmallLibrary,
    range_of,
    served,
)
from wxyc_assets_tests.e2e.proofs.tables import Tables, read_tables
from wxyc_assets_tests.support.watermark import count_moves
from wxyc_sandbox.library import seed_library
from wxyc_sandbox.postgres import Postgres
from wxyc_sandbox.station import DAGSTER_YAML

SMALL_LIBRARY_TEMPLATE = "small_library_template"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The tables after one undisturbed run, and after a second one with every record due again."""

    first: Tables
    second: Tables

    def ids_of_kind(self, kind: str) -> list[int]:
        """Return the ids of the records whose answer has this kind."""
        rows = self.first.rows["lml_resolution"]
        return [each["library_id"] for each in rows if each["row"]["kind"] == kind]

    def pages(self, graph: Graph) -> int:
        """Return the number of calls of an undisturbed run."""
        sizes = {"va": graph.va_batch_size, "non_va": graph.batch_size}
        rows = self.first.rows["lml_resolution"]
        asked = [(range_of(each["library_id"]), each["row"]["cohort"]) for each in rows]
        return sum(ceil(asked.count(each) / sizes[each[1]]) for each in {*asked})


@pytest.fixture(scope="session")
def seeded_at() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def small_library_template(postgres: Postgres, seeded_at: datetime) -> str:
    make_small_library(postgres, seeded_at)
    return SMALL_LIBRARY_TEMPLATE


def make_small_library(server: Postgres, seeded_at: datetime) -> None:
    """Create the small library as a template database."""
    server.create_database(SMALL_LIBRARY_TEMPLATE)
    url = server.url(SMALL_LIBRARY_TEMPLATE)
    seed_library(url, "wxyc_schema", SmallLibrary(now=seeded_at))
    with psycopg.connect(url) as connection:
        count_moves(connection)
    migrate(url, assets_schema="wxyc_assets", backend_schema="wxyc_schema")


@pytest.fixture
def library_url(postgres: Postgres, small_library_template: str) -> Iterator[str]:
    """The URL of a fresh copy of the small library."""
    with _fresh_database(postgres, template=small_library_template) as url:
        yield url


@pytest.fixture
def lml() -> Generator[ServedLml]:
    with served() as lml:
        yield lml


@pytest.fixture
def graph(library_url: str, lml: ServedLml) -> Graph:
    return Graph(library_url, lml.url)


@pytest.fixture(scope="session")
def baseline(postgres: Postgres, small_library_template: str, seeded_at: datetime) -> Baseline:
    with _fresh_database(postgres, template=small_library_template) as url, served() as lml:
        graph = Graph(url, lml.url)
        assert graph.run().succeeded
        first = read_tables(url, seeded_at)
        assert graph.run(everything_is_due=True).succeeded
        return Baseline(first, read_tables(url, seeded_at))


DAGSTER_TEMPLATE = "dagster_template"


@pytest.fixture(scope="session")
def dagster_template(postgres: Postgres) -> str:
    make_dagster_storage(postgres)
    return DAGSTER_TEMPLATE


def make_dagster_storage(server: Postgres) -> None:
    """Create Dagster's tables as a template database."""
    server.create_database(DAGSTER_TEMPLATE)
    with (
        tempfile.TemporaryDirectory() as home,
        dagster_instance(Path(home), server.url(DAGSTER_TEMPLATE)),
    ):
        pass


@dataclass(frozen=True, slots=True)
class FreshLibraries:
    """A source of fresh copies of the small library, each with its own Dagster storage."""

    library_server: Server
    dagster_server: Server
    folder: Path

    @contextmanager
    def fresh(self, lml: ServedLml, **variables: str) -> Generator[RunStarter]:
        """Yield a starter of runs on a fresh copy of the small library."""
        with (
            tempfile.TemporaryDirectory(dir=self.folder) as folder,
            _fresh_database(self.library_server, template=SMALL_LIBRARY_TEMPLATE) as database_url,
            _fresh_database(self.dagster_server, template=DAGSTER_TEMPLATE) as dagster_url,
        ):
            starter = RunStarter(Path(folder), database_url, dagster_url, lml.url, variables)
            starter.home.mkdir()
            shutil.copy(DAGSTER_YAML, starter.home)
            yield starter


@pytest.fixture
def libraries(
    postgres: Postgres, small_library_template: str, dagster_template: str, tmp_path: Path
) -> FreshLibraries:
    return FreshLibraries(postgres, postgres, tmp_path)


CheckedStarter = tuple[RunStarter, CrashCheck]


@pytest.fixture
def checked_starter(
    libraries: FreshLibraries, baseline: Baseline, seeded_at: datetime
) -> Generator[CheckedStarter]:
    """A starter of runs on a fresh copy, and the check of what they leave behind."""
    with (
        served(SLOW) as lml,
        libraries.fresh(lml) as starter,
        crash_check(starter, lml, baseline.first, seeded_at) as check,
    ):
        yield starter, check
