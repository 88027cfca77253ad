"""A complete station in a folder: PostgreSQL, a library, a pretend LML and a Dagster home."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path

import psycopg

from wxyc_assets.migrations.run import migrate
from wxyc_sandbox.library import SandboxLibrary, seed_library
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.pictures import PREFIX
from wxyc_sandbox.lml.server import free_port, is_free, serve
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.postgres import Postgres, default_home

SCHEMA, ASSETS_SCHEMA = "wxyc_schema", "wxyc_assets"
BACKEND, DAGSTER = "backend", "dagster"
RANGES = 32
WIDEST_RANGE = 2_500
"""As in production: a library ten times the size has ten times the ranges."""
IDS_AT_SCALE_1 = 80_000
CALLS_IN_FLIGHT = 4

PROJECT = Path(__file__).parents[1]
DAGSTER_YAML, WORKSPACE = PROJECT / "deploy" / "dagster.yaml", PROJECT / "workspace.yaml"


@dataclass(frozen=True, slots=True)
class SandboxStation:
    """A running station; `variables` are the environment of a process that works on it."""

    home: Path
    database_url: str
    lml: PretendLml
    variables: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The current environment plus `variables`."""
        return {**os.environ, **self.variables}  # noqa: TID251


@contextmanager
def run_station(project: Path, scale: float) -> Generator[SandboxStation]:
    """Start a station, creating what is missing.

    Everything stops at the end of the block, except a PostgreSQL that another process still uses.
    """
    home = default_home(project) / f"scale-{scale:g}"
    home.mkdir(parents=True, exist_ok=True)
    library = SandboxLibrary(scale=scale, mistakes=1.0)
    port = _usual_port(home)
    lml = PretendLml(
        LmlSettings(seed=library.seed, mistakes=1.0, discogs_per_worker_per_minute=0),
        library.catalogue(),
    )
    with _shared_postgres(home) as postgres, serve(lml, port=_unless_taken(port)) as lml_url:
        for database in (BACKEND, DAGSTER):
            postgres.create_database(database)
        urls = postgres.url(BACKEND), postgres.url(DAGSTER)
        _seed_once(urls[0], library)
        migrate(urls[0], assets_schema=ASSETS_SCHEMA, backend_schema=SCHEMA)
        dagster_home = home / "dagster"
        dagster_home.mkdir(exist_ok=True)
        shutil.copy(DAGSTER_YAML, dagster_home)
        variables = _variables(dagster_home, *urls, lml_url, scale)
        variables["COVER_PROXY_URL"] = f"http://127.0.0.1:{port}{PREFIX.rstrip('/')}"
        yield SandboxStation(home, urls[0], lml, variables)


def _usual_port(home: Path) -> int:
    """Return the station's port for its LML: pages that were made name it for their pictures."""
    file = home / "lml.port"
    if not file.exists():
        file.write_text(str(free_port()))
    return int(file.read_text())


def _unless_taken(port: int) -> int:
    """Return the port, or 0 for any other if somebody has it, such as this station's UI."""
    return port if is_free(port) else 0


@contextmanager
def _shared_postgres(home: Path) -> Generator[Postgres]:
    """Start the folder's server, or attach to it; the last live user stops it."""
    postgres = Postgres(home / "postgres")
    with (home / "users.lock").open("w") as lock:
        flock(lock, LOCK_SH)
        try:
            postgres.start()
            yield postgres
        finally:
            with suppress(BlockingIOError):
                flock(lock, LOCK_EX | LOCK_NB)
                postgres.stop()


def _seed_once(url: str, library: SandboxLibrary) -> None:
    with psycopg.connect(url) as connection:
        found = connection.execute("select to_regclass(%s)", [f"{SCHEMA}.library"]).fetchone()
    if found == (None,):
        seed_library(url, SCHEMA, library)


def _variables(
    dagster_home: Path, database_url: str, dagster_url: str, lml_url: str, scale: float
) -> dict[str, str]:
    ceiling = max(RANGES, round(IDS_AT_SCALE_1 * scale))
    return {
        "DATABASE_URL": database_url,
        "DAGSTER_PG_URL": dagster_url,
        "DAGSTER_HOME": str(dagster_home),
        "DAGSTER_EVENT_BATCH_SIZE": "1000",
        "LIBRARY_METADATA_URL": lml_url,
        "LOCAL_DEV": "1",
        "INCLUDE_NULL_CANONICAL": "1",
        "LML_MAX_CONCURRENT": str(CALLS_IN_FLIGHT),
        "LML_RATE_PER_MIN": "0",
        "LML_HEALTH_INTERVAL_SECONDS": "1",
        "GATE_ARTWORK_TARGET": "0.98",  # the pretend LML never answers 1 lookup in 100
        "LIBRARY_MAX_ID": str(ceiling),
        "LIBRARY_RANGE_WIDTH": str(min(WIDEST_RANGE, -(-ceiling // RANGES))),
    }
