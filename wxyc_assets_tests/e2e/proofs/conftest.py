"""A small world that is seeded once, and what runs without any trouble make of it."""

import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import pytest

from wxyc_assets.migrations.run import migrate
from wxyc_assets_tests.conftest import _fresh_database
from wxyc_assets_tests.e2e.proofs.children import Starter
from wxyc_assets_tests.e2e.proofs.dagster_storage import dagster_instance
from wxyc_assets_tests.e2e.proofs.graph_runs import Graph
from wxyc_assets_tests.e2e.proofs.inquest import CrashCheck, crash_check
from wxyc_assets_tests.e2e.proofs.small_world import (
    UNHURRIED,
    ServedLml,
    SmallWorld,
    range_of,
    served,
)
from wxyc_assets_tests.e2e.proofs.tables import Tables, read_tables
from wxyc_sandbox.library import seed_library
from wxyc_sandbox.postgres import Postgres
from wxyc_sandbox.station import DAGSTER_YAML

WORLD_TEMPLATE = "small_world_template"


@dataclass(frozen=True, slots=True)
class Untroubled:
    """The tables after one run, and after a second one for which everything is due again."""

    first: Tables
    second: Tables

    def of_kind(self, kind: str) -> list[int]:
        """The library rows that LML answers so."""
        rows = self.first.rows["lml_resolution"]
        return [each["library_id"] for each in rows if each["row"]["kind"] == kind]

    def pages(self, graph: Graph) -> int:
        """How many calls a run makes when nothing goes wrong."""
        sizes = {"va": graph.va_batch_size, "non_va": graph.batch_size}
        rows = self.first.rows["lml_resolution"]
        asked = [(range_of(each["library_id"]), each["row"]["cohort"]) for each in rows]
        return sum(ceil(asked.count(each) / sizes[each[1]]) for each in {*asked})


@pytest.fixture(scope="session")
def world_began() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def world_template(postgres: Postgres, world_began: datetime) -> str:
    make_world(postgres, world_began)
    return WORLD_TEMPLATE


def make_world(server: Postgres, world_began: datetime) -> None:
    """The small world, as a template."""
    server.create_database(WORLD_TEMPLATE)
    url = server.url(WORLD_TEMPLATE)
    seed_library(url, "wxyc_schema", SmallWorld(now=world_began))
    migrate(url, assets_schema="wxyc_assets", backend_schema="wxyc_schema")


@pytest.fixture
def station(postgres: Postgres, world_template: str) -> Iterator[str]:
    """The URL of a database with the small world in it."""
    with _fresh_database(postgres, template=world_template) as url:
        yield url


@pytest.fixture
def lml() -> Generator[ServedLml]:
    with served() as lml:
        yield lml


@pytest.fixture
def graph(station: str, lml: ServedLml) -> Graph:
    return Graph(station, lml.url)


@pytest.fixture(scope="session")
def untroubled(postgres: Postgres, world_template: str, world_began: datetime) -> Untroubled:
    with _fresh_database(postgres, template=world_template) as url, served() as lml:
        graph = Graph(url, lml.url)
        assert graph.run().succeeded
        first = read_tables(url, world_began)
        assert graph.run(everything_is_due=True).succeeded
        return Untroubled(first, read_tables(url, world_began))


DAGSTER_TEMPLATE = "dagster_template"


@pytest.fixture(scope="session")
def dagster_template(postgres: Postgres) -> str:
    make_storage(postgres)
    return DAGSTER_TEMPLATE


def make_storage(server: Postgres) -> None:
    """Dagster's own tables, as a template."""
    server.create_database(DAGSTER_TEMPLATE)
    with (
        tempfile.TemporaryDirectory() as home,
        dagster_instance(Path(home), server.url(DAGSTER_TEMPLATE)),
    ):
        pass


@dataclass(frozen=True, slots=True)
class Worlds:
    """Makes small worlds, each with a storage for Dagster of its own."""

    library_server: Postgres
    dagster_server: Postgres
    folder: Path

    @contextmanager
    def fresh(self, lml: ServedLml, **variables: str) -> Generator[Starter]:
        """Starts children over a world that nobody has touched."""
        with (
            tempfile.TemporaryDirectory(dir=self.folder) as folder,
            _fresh_database(self.library_server, template=WORLD_TEMPLATE) as database_url,
            _fresh_database(self.dagster_server, template=DAGSTER_TEMPLATE) as dagster_url,
        ):
            starter = Starter(Path(folder), database_url, dagster_url, lml.url, variables)
            starter.home.mkdir()
            shutil.copy(DAGSTER_YAML, starter.home)
            yield starter


@pytest.fixture
def worlds(
    postgres: Postgres, world_template: str, dagster_template: str, tmp_path: Path
) -> Worlds:
    return Worlds(postgres, postgres, tmp_path)


Examined = tuple[Starter, CrashCheck]


@pytest.fixture
def examined(worlds: Worlds, untroubled: Untroubled, world_began: datetime) -> Generator[Examined]:
    """Starts children over a world that nobody has touched, and looks at what they leave."""
    with (
        served(UNHURRIED) as lml,
        worlds.fresh(lml) as starter,
        crash_check(starter, lml, untroubled.first, world_began) as inquest,
    ):
        yield starter, inquest
