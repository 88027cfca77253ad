"""`python -m wxyc_assets_tests.bench.doubts`: the cost of a search for doubts, and its growth."""

import asyncio
import resource
from pathlib import Path
from time import monotonic
from typing import Annotated

import psutil
import psycopg
import typer

from wxyc_assets.adapters.postgres.doubt_store import DoubtStore
from wxyc_assets.flows.doubts.find_doubts import find_doubts
from wxyc_assets_tests.bench.metering import postgres_cpu
from wxyc_assets_tests.integration.flows.station import opening
from wxyc_assets_tests.support.judged_library import make_judged_library
from wxyc_sandbox.library import SandboxLibrary
from wxyc_sandbox.postgres import Postgres

JUDGED = "judged"
GENERATIONS = 3
SEARCH_PATH = "-c search_path=wxyc_assets,wxyc_schema"
GROW = Path(__file__).with_name("grow_library.sql")


def main(
    home: Annotated[Path, typer.Argument(help="A folder for the server, used again if there.")],
    scale: Annotated[float, typer.Option(help="The library, 1 is the station's.")] = 1.0,
    times: Annotated[int, typer.Option(help="How much the library grows then.")] = 10,
) -> None:
    """Search a library for doubts, let it grow, and search it again."""
    home.mkdir(parents=True, exist_ok=True)
    with Postgres(home / "postgres") as server:
        url = server.url(JUDGED)
        server.create_database(JUDGED)
        if not _is_made(url):
            library = SandboxLibrary(scale, mistakes=1.0)
            asyncio.run(make_judged_library(url, library, GENERATIONS))
        _measure(url, f"scale {scale:g}")
        grown = f"{JUDGED}_{times}"
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"drop database if exists {grown}")  # pyright: ignore[reportArgumentType, reportCallIssue]
            connection.execute(f"create database {grown} template {JUDGED}")  # pyright: ignore[reportArgumentType, reportCallIssue]
        _grow(server.url(grown), times)
        _measure(server.url(grown), f"{times} times that")


def _is_made(url: str) -> bool:
    with psycopg.connect(url) as connection:
        found = connection.execute("select to_regclass('wxyc_assets.library_doubts')").fetchone()
    return found != (None,)


def _grow(url: str, times: int) -> None:
    """Add copies of all records, with ids and names of their own."""
    with psycopg.connect(url, options=SEARCH_PATH, autocommit=True) as connection:
        connection.execute("set session_replication_role to replica")
        for number in range(1, times):
            with connection.transaction():
                connection.execute(GROW.read_bytes(), {"number": number})
        connection.execute("vacuum analyze")


def _measure(url: str, what: str) -> None:
    before, began = _server_seconds(url), monotonic()
    found = asyncio.run(_find(url))
    wall = monotonic() - began
    with psycopg.connect(url, options=SEARCH_PATH) as connection:
        row = connection.execute("select count(*) from library").fetchone()
    typer.echo(
        f"{what}: {row[0] if row else 0:,} records, {found:,} of them doubtful, {wall:.1f} s, "
        f"{_server_seconds(url) - before:.1f} s of CPU in PostgreSQL, "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most here"
    )


async def _find(url: str) -> int:
    async with opening(url) as database:
        return (await find_doubts(DoubtStore(database), f"bench {monotonic()}")).doubtful_records


def _server_seconds(url: str) -> float:
    """Return the CPU time of the server, processes that have ended included."""
    with psycopg.connect(url) as connection:
        parent = psutil.Process(connection.info.backend_pid).parent()
    assert parent is not None
    return postgres_cpu(parent.pid)


if __name__ == "__main__":
    typer.run(main)
