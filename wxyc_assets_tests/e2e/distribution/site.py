"""Services shared by all hosts: PostgreSQL, Redis and the pretend LML, at one address."""

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import yaml

from wxyc_assets.domain.ranges import tile
from wxyc_assets.migrations.run import migrate
from wxyc_assets_tests.e2e.distribution.caller_log import CallerLog
from wxyc_assets_tests.e2e.distribution.hosts import SITE_ADDRESS
from wxyc_sandbox.library import SandboxLibrary, seed_library
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.postgres import Postgres
from wxyc_sandbox.station import (
    ASSETS_SCHEMA,
    BACKEND,
    CALLS_IN_FLIGHT,
    DAGSTER,
    DAGSTER_YAML,
    IDS_AT_SCALE_1,
    RANGES,
    SCHEMA,
)

ALONE = "backend_alone"
REDIS_PORT = 6379
ROWS_A_CALL = 10
REDELIVERED_AFTER_SECONDS = 25
WORKER_YAML = DAGSTER_YAML.parent / "celery" / "worker.yaml"


@dataclass(frozen=True, slots=True)
class Site:
    """Running services; `variables` are the environment of a process on any host."""

    home: Path
    lml: PretendLml
    caller_log: CallerLog
    postgres: Postgres
    variables: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The current environment plus `variables`."""
        return {**os.environ, **self.variables}

    def ranges(self) -> list[str]:
        """Return the keys of all ranges."""
        ids, width = (int(self.variables[f"LIBRARY_{name}"]) for name in ("MAX_ID", "RANGE_WIDTH"))
        return [each.key for each in tile(ids, width)]

    def all_ranges(self) -> dict[str, str]:
        """Return the tags of a run over all ranges."""
        keys, tag = self.ranges(), "dagster/asset_partition_range"
        return {f"{tag}_start": keys[0], f"{tag}_end": keys[-1]}

    @property
    def backend(self) -> str:
        """The URL of the library's database."""
        return self.postgres.url(BACKEND)

    @property
    def alone(self) -> str:
        """The URL of the copy for the run on one machine."""
        return self.postgres.url(ALONE)


@contextmanager
def run_site(
    home: Path, scale: float, *, ranges_per_run: int, latency_seconds: float
) -> Generator[Site]:
    """Run the services over a fresh library, with a second copy beside it."""
    library = SandboxLibrary(scale=scale)
    settings = LmlSettings(
        seed=library.seed, base_latency_seconds=latency_seconds, discogs_per_worker_per_minute=0
    )
    lml = PretendLml(settings, library.catalogue())
    caller_log = CallerLog(lml)
    with ExitStack() as stack:
        postgres = stack.enter_context(
            Postgres(home / "postgres", durable=False, address=SITE_ADDRESS)
        )
        _seed(postgres, library)
        stack.enter_context(_redis(home))
        lml_url = stack.enter_context(serve(caller_log, host=SITE_ADDRESS))
        dagster_home = home / "dagster"
        dagster_home.mkdir()
        shutil.copy(DAGSTER_YAML, dagster_home)
        variables = _variables(postgres, lml_url, scale, ranges_per_run)
        yield Site(home, lml, caller_log, postgres, variables | {"DAGSTER_HOME": str(dagster_home)})


def worker_settings() -> str:
    """Return the deployed worker settings with faster redelivery after the loss of a worker."""
    settings = yaml.safe_load(WORKER_YAML.read_text())
    options = settings["execution"]["config"]["config_source"]["broker_transport_options"]
    options["visibility_timeout"] = REDELIVERED_AFTER_SECONDS
    options["unacked_restore_interval"] = 1
    return yaml.safe_dump(settings)


def _seed(postgres: Postgres, library: SandboxLibrary) -> None:
    for database in (BACKEND, DAGSTER):
        postgres.create_database(database)
    seed_library(postgres.url(BACKEND), SCHEMA, library)
    migrate(postgres.url(BACKEND), assets_schema=ASSETS_SCHEMA, backend_schema=SCHEMA)
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {ALONE} template {BACKEND}".encode())


@contextmanager
def _redis(home: Path) -> Generator[None]:
    folder = home / "redis"
    folder.mkdir()
    options = {
        "bind": SITE_ADDRESS,
        "port": str(REDIS_PORT),
        "dir": str(folder),
        "save": "",
        "protected-mode": "no",
    }
    words = (word for key, value in options.items() for word in (f"--{key}", value))
    with (home / "redis.log").open("wb") as log:
        process = subprocess.Popen(["redis-server", *words], stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _variables(
    postgres: Postgres, lml_url: str, scale: float, ranges_per_run: int
) -> dict[str, str]:
    ceiling = max(RANGES, round(IDS_AT_SCALE_1 * scale))
    redis = f"redis://{SITE_ADDRESS}:{REDIS_PORT}"
    return {
        "DATABASE_URL": postgres.url(BACKEND),
        "DAGSTER_PG_URL": postgres.url(DAGSTER),
        "DAGSTER_EVENT_BATCH_SIZE": "1000",
        "LIBRARY_METADATA_URL": lml_url,
        "LOCAL_DEV": "1",
        "INCLUDE_NULL_CANONICAL": "1",
        "LML_MAX_CONCURRENT": str(CALLS_IN_FLIGHT),
        "LML_RATE_PER_MIN": "0",
        "LML_HEALTH_INTERVAL_SECONDS": "1",
        "BATCH_SIZE": str(ROWS_A_CALL),
        "VA_BATCH_SIZE": str(ROWS_A_CALL),
        "LIBRARY_MAX_ID": str(ceiling),
        "LIBRARY_RANGE_WIDTH": str(-(-ceiling // RANGES)),
        "RANGES_PER_RUN": str(ranges_per_run),
        "CELERY_BROKER_URL": f"{redis}/0",
        "CELERY_RESULT_BACKEND": f"{redis}/1",
    }
