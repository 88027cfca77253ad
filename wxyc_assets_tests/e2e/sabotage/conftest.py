"""Fixtures: the healthy station as a template, and a copy of it for each test."""

import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from wxyc_assets.migrations.run import migrate
from wxyc_assets_tests.conftest import CopyOf, copy_database
from wxyc_assets_tests.e2e.sabotage.job_runner import JobRunner, job_runner
from wxyc_assets_tests.e2e.sabotage.station import (
    DAYS_SINCE_THE_RUN,
    NARROW,
    NIGHTS_BEFORE,
    SEED,
    VARIABLES,
    Station,
    StationLibrary,
)
from wxyc_assets_tests.e2e.sabotage.tampered_lml import TamperedLml
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.sample_library import few_credits
from wxyc_sandbox.library import seed_library
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.postgres import Postgres

NEW_STATION, HEALTHY_STATION = "new_station_template", "healthy_station_template"

StationOn = Callable[[str], AbstractContextManager[Station]]


@pytest.fixture(scope="session")
def served_lml() -> Generator[tuple[TamperedLml, str]]:
    """A pretend LML without latency over real HTTP, and its URL."""
    settings = LmlSettings(
        seed=SEED, base_latency_seconds=0, row_latency_seconds=0, lookup_latency_seconds=0,
        discogs_per_worker_per_minute=0,
    )  # fmt: skip
    lml = TamperedLml(PretendLml(settings, StationLibrary().catalogue(), credits=few_credits))
    with serve(lml) as url:
        yield lml, url


@pytest.fixture(scope="session")
def environment(served_lml: tuple[TamperedLml, str]) -> Generator[dict[str, str]]:
    """The environment of the station's jobs, but for the database."""
    _, url = served_lml
    with tempfile.TemporaryDirectory(prefix="wxyc-") as home:
        yield {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "DAGSTER_HOME": home,
            "LIBRARY_METADATA_URL": url,
            **VARIABLES,
        }


@pytest.fixture(scope="session")
def runner(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Generator[JobRunner]:
    log: Path = tmp_path_factory.mktemp("jobs") / "log"
    with job_runner(environment, log) as runner:
        yield runner


@pytest.fixture(scope="session")
def station_on(
    copy_of: CopyOf, served_lml: tuple[TamperedLml, str], runner: JobRunner
) -> StationOn:
    """A context manager that yields a station on a copy of a template."""

    @contextmanager
    def station_on(template: str) -> Iterator[Station]:
        lml, _ = served_lml
        lml.behave()
        with copy_of(template) as database_url:
            station = Station(database_url, lml, runner)
            with station.tables:
                yield station

    return station_on


@pytest.fixture(scope="session")
def new_station_template(postgres: Postgres) -> str:
    """A library that none of our jobs has seen yet."""
    postgres.create_database(NEW_STATION)
    url = postgres.url(NEW_STATION)
    seed_library(url, "wxyc_schema", StationLibrary())
    migrate(url, assets_schema="wxyc_assets", backend_schema="wxyc_schema")
    with BackendDb(url) as tables:
        tables.execute("update rotation set discogs_release_id = 500000 + id")
    return NEW_STATION


@pytest.fixture(scope="session")
def healthy_template(
    postgres: Postgres,
    new_station_template: str,
    served_lml: tuple[TamperedLml, str],
    runner: JobRunner,
) -> str:
    """The same library with identities, covers and a year of nightly snapshots in both scopes."""
    served_lml[0].behave()  # whatever an earlier test made of it
    copy_database(postgres, new_station_template, HEALTHY_STATION)
    station = Station(postgres.url(HEALTHY_STATION), served_lml[0], runner)
    with station.tables:
        _live_a_year(station)
    return HEALTHY_STATION


def _live_a_year(station: Station) -> None:
    first = station.run("library_full")
    assert first.succeeded, first.story
    station.pass_days(DAYS_SINCE_THE_RUN)
    for run_config in (NARROW, {}):
        tonight = station.run("coverage_gates", run_config)
        assert tonight.succeeded, tonight.story
        station.repeat_snapshot(NIGHTS_BEFORE)
    station.pass_days(1)


@pytest.fixture
def station(station_on: StationOn, healthy_template: str) -> Iterator[Station]:
    """The healthy station, on the night after its last snapshot."""
    with station_on(healthy_template) as station:
        yield station


@pytest.fixture
def new_station(station_on: StationOn, new_station_template: str) -> Iterator[Station]:
    """A library that none of our jobs has seen yet."""
    with station_on(new_station_template) as station:
        yield station
