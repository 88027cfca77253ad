"""`make bench`: ratios of things measured side by side in one run, and what they are made of."""

import asyncio
import json
import os
import platform
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Annotated

import psycopg
import stamina.instrumentation
import typer
from rich.console import Console
from rich.table import Table

from wxyc_assets.adapters.postgres.database import open_database
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.ranges import IdRange, tile
from wxyc_assets.flows.identity.apply_answers import AnswerWriter
from wxyc_assets_tests.bench.metering import Cost, measured, postgres_cpu, wait_for_backends_to_end
from wxyc_assets_tests.bench.row_by_row import write_row_by_row
from wxyc_sandbox.lml.server import spare_long_lived_objects
from wxyc_sandbox.station import ASSETS_SCHEMA, SCHEMA, SandboxStation, run_station

console = Console(width=130)

RANGES = ("LIBRARY_MAX_ID", "LIBRARY_RANGE_WIDTH")
JOB = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j")
UNWRITE = (
    "update lml_resolution set applied_at = null where answer is not null",
    "truncate library_identity_history, library_identity_source, library_identity",
    "update library set unresolved_attempted_at = null where unresolved_attempted_at is not null",
    "update compilation_track_artist set track_artist_id = null, track_artist_link_method = null, "
    "track_artist_link_confidence = null where track_artist_link_method is not null",
)


def main(
    scale: Annotated[float, typer.Option(help="The library of most measurements.")] = 1.0,
    large: Annotated[float, typer.Option(help="A larger one, for growth; 0 leaves it out.")] = 0,
) -> None:
    """Measure identities and covers; nothing else should run on the machine meanwhile."""
    stamina.instrumentation.set_on_retry_hooks([])  # waiting is no news here
    python = f"Python {platform.python_version()}"
    console.print(f"{platform.platform()}, {python}, {os.cpu_count()} CPUs")
    costs: dict[str, Cost] = {}
    for in_flight in (1, 2, 4, 8):
        with open_station(scale) as station:
            costs[f"{in_flight} in flight"] = identity(station, in_flight)
            if in_flight == 8:
                costs["covers, 8 in flight"] = covers(station, in_flight)
            if in_flight == 4:
                costs["a second run"] = identity(station, in_flight)
                costs["covers, 16 in flight"] = covers(station, 16)
                console.print(_writers(station))
    if large:
        with open_station(large) as station:
            costs[f"scale {large:g}, 8 in flight"] = identity(station, 8)
    console.print(_table(costs, startup=costs["a second run"].wall))


def identity(station: SandboxStation, in_flight: int) -> Cost:
    """The identity graph, widened scope, over all ranges."""
    return measured(station, [*JOB, "library_identity_full"], in_flight=in_flight, route="resolve")


def covers(station: SandboxStation, in_flight: int) -> Cost:
    """Covers, over all ranges; the rows are lookups."""
    ids, width = (int(station.variables[name]) for name in RANGES)
    keys = [each.key for each in tile(ids, width)]
    tags = {
        "dagster/asset_partition_range_start": keys[0],
        "dagster/asset_partition_range_end": keys[-1],
    }
    command = [*JOB, "library_artwork_job", "--tags", json.dumps(tags)]
    return measured(station, command, in_flight=in_flight, route="lookup")


@contextmanager
def open_station(scale: float) -> Generator[SandboxStation]:
    with tempfile.TemporaryDirectory(prefix="wxyc-") as folder:
        Path(folder).chmod(0o711)
        with run_station(Path(folder), scale) as station:
            spare_long_lived_objects()
            yield station


def _table(costs: dict[str, Cost], startup: float) -> Table:
    table = Table(title="Identities (widened scope) and covers, through Dagster")
    columns = (
        "run", "rows", "wall s", "LML's own s", "wall / LML", "without start / LML",
        "statements a call", "transactions a call", "Postgres CPU s", "its CPU s", "MiB",
        "writes on library",
    )  # fmt: skip
    for column in columns:
        table.add_column(column, justify="left" if column == "run" else "right")
    for name, cost in costs.items():
        table.add_row(name, *_cells(cost, startup))
    return table


def _cells(cost: Cost, startup: float) -> Iterator[str]:
    calls = cost.lml_calls or 1
    yield f"{cost.lml_rows:,}"
    yield f"{cost.wall:.1f}"
    yield f"{cost.lml_own:.1f}"
    yield f"{cost.wall / cost.lml_own:.2f}" if cost.lml_own else "-"
    yield f"{(cost.wall - startup) / cost.lml_own:.2f}" if cost.lml_own else "-"
    yield f"{cost.statements / calls:.1f}" if cost.lml_calls else f"{cost.statements} in all"
    yield f"{cost.transactions / calls:.1f}" if cost.lml_calls else f"{cost.transactions} in all"
    yield f"{cost.postgres_cpu:.1f}"
    yield f"{cost.run_cpu:.1f}"
    yield f"{cost.memory:.0f}"
    yield str(cost.writes_on_library)


def _writers(station: SandboxStation) -> Table:
    """The same stored answers, written both ways."""
    table = Table(title="Writing the same stored answers")
    for column in ("writer", "rows", "wall s", "Postgres CPU s"):
        table.add_column(column, justify="left" if column == "writer" else "right")
    pid = int((station.home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    spent: list[float] = []
    for name, write in (("one statement a row", _by_row), ("set-based", _by_set)):
        _reset(station)
        started, cpu = monotonic(), postgres_cpu(pid)
        rows = write(station)
        wall = monotonic() - started
        wait_for_backends_to_end(station)
        spent.append(postgres_cpu(pid) - cpu)
        table.add_row(name, f"{rows:,}", f"{wall:.1f}", f"{spent[-1]:.1f}")
    table.add_row("set-based / one a row", "", "", f"{spent[1] / spent[0]:.2f}")
    return table


def _reset(station: SandboxStation) -> None:
    """Back to before anything was written, but for LML's answers."""
    with psycopg.connect(station.database_url, autocommit=True) as connection:
        connection.execute(f"set search_path to {ASSETS_SCHEMA}, {SCHEMA}".encode())
        for statement in UNWRITE:
            connection.execute(statement)
        connection.execute("vacuum analyze")


def _by_row(station: SandboxStation) -> int:
    options = f"-c search_path={ASSETS_SCHEMA},{SCHEMA} -c synchronous_commit=off"
    with psycopg.connect(station.database_url, autocommit=True, options=options) as connection:
        return write_row_by_row(connection)


def _by_set(station: SandboxStation) -> int:
    return asyncio.run(_apply_everything(station))


async def _apply_everything(station: SandboxStation) -> int:
    async with open_database(
        station.database_url, schema=SCHEMA, assets_schema=ASSETS_SCHEMA, max_connections=2
    ) as database:
        scope = Scope(include_null_canonical=True)
        applier = AnswerWriter(IdentityStore(database), scope, "bench")
        width = 2_500
        ranges = [IdRange(first, first + width - 1) for first in range(1, 1_000_000, width)]
        applied = [await applier.apply(each) for each in ranges]
    return sum(len(each.answers) for each in applied)


if __name__ == "__main__":
    typer.run(main)
