"""A station that containers reach: PostgreSQL with a difficult password, and the pretend LML."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from wxyc_assets.domain.ranges import tile
from wxyc_assets.migrations.run import migrate
from wxyc_assets_tests.e2e.image.engine import ADDRESS
from wxyc_sandbox.library import SandboxLibrary, seed_library
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.postgres import SUBNET_HBA, Postgres
from wxyc_sandbox.station import ASSETS_SCHEMA, BACKEND, IDS_AT_SCALE_1, SCHEMA

ONE_OFF = "backend_of_one_off"
SCALE = 0.004
LARGEST_ID = round(IDS_AT_SCALE_1 * SCALE)
RANGE_WIDTH = LARGEST_ID // 4
ROWS_A_CALL = 10
ROLE = "difficult"
PASSWORD = """pa$$w'o"rd # $HOME 100%"""
KEY = "sesame-of-lml"
HBA = f"host all {ROLE} all scram-sha-256\n{SUBNET_HBA}"


@dataclass(frozen=True, slots=True)
class Station:
    """Running services; `variables` are the content of a .env file."""

    lml: PretendLml
    postgres: Postgres
    variables: dict[str, str]

    def env_file(self, database: str) -> str:
        """Return a .env file, in the form that Compose and `--env-file` read alike."""
        pairs = self.variables | {"DATABASE_URL": database_url(database)}
        return "".join(f"{name}={value}\n" for name, value in pairs.items())


def all_ranges() -> list[dict[str, str]]:
    """Return the tags of a run over the whole library, as the UI sends them."""
    tag = "dagster/asset_partition_range"
    keys = [each.key for each in tile(LARGEST_ID, RANGE_WIDTH)]
    return [{"key": f"{tag}_start", "value": keys[0]}, {"key": f"{tag}_end", "value": keys[-1]}]


def database_url(database: str) -> str:
    """Return the URL of a database for the role with the difficult password."""
    return f"postgresql://{ROLE}:{quote(PASSWORD, safe='')}@{ADDRESS}/{database}"


@contextmanager
def run_station(home: Path) -> Generator[Station]:
    """Run the services over a fresh library, with a second copy for a one-off job."""
    library = SandboxLibrary(scale=SCALE)
    settings = LmlSettings(seed=library.seed, api_key=KEY, discogs_per_worker_per_minute=0)
    lml = PretendLml(settings, library.catalogue())
    postgres = Postgres(home / "postgres", durable=False, address=ADDRESS)
    with postgres, serve(lml, host=ADDRESS) as lml_url:
        postgres.create_database(BACKEND)
        seed_library(postgres.url(BACKEND), SCHEMA, library)
        migrate(postgres.url(BACKEND), assets_schema=ASSETS_SCHEMA, backend_schema=SCHEMA)
        (postgres.data / "neighbours.conf").write_text(HBA)
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {ONE_OFF} template {BACKEND}".encode())
            role, password = sql.Identifier(ROLE), sql.Literal(PASSWORD)
            create = sql.SQL("create role {} superuser login password {}")
            connection.execute(create.format(role, password))
            connection.execute("select pg_reload_conf()")
        yield Station(lml, postgres, _variables(lml_url))


def _variables(lml_url: str) -> dict[str, str]:
    return {
        "LIBRARY_METADATA_URL": lml_url,
        "LML_API_KEY": KEY,
        "INCLUDE_NULL_CANONICAL": "1",
        "LML_RATE_PER_MIN": "0",
        "LML_HEALTH_INTERVAL_SECONDS": "1",
        "GATE_ARTWORK_TARGET": "0.98",
        "BATCH_SIZE": str(ROWS_A_CALL),
        "VA_BATCH_SIZE": str(ROWS_A_CALL),
        "LIBRARY_MAX_ID": str(LARGEST_ID),
        "LIBRARY_RANGE_WIDTH": str(RANGE_WIDTH),
    }
