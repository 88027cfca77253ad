"""`wxyc-sandbox demo` and `ui`: the main job on a station of its own, and a look at it."""

import asyncio
import sys
from collections import Counter
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from wxyc_assets.adapters.postgres import database
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore, RunProgress
from wxyc_assets.cli.console import err, out
from wxyc_assets.domain.candidates import Cohort, Scope
from wxyc_assets.domain.coverage import State
from wxyc_assets.views.labels import STATE_LABELS
from wxyc_sandbox.cli.foreground import exit_on_signals, require_free_port, run_in_foreground
from wxyc_sandbox.cli.options import Scale
from wxyc_sandbox.station import ASSETS_SCHEMA, SCHEMA, WORKSPACE, SandboxStation, run_station

States = Counter[tuple[Cohort, State]]

REFRESH_SECONDS = 0.3
WIDE = Scope(include_null_canonical=True)


def demo(scale: Scale = 0.1) -> None:
    """Run library_full and rotation_job on an embedded PostgreSQL and a pretend LML.

    What it made stays in `.sandbox`; a second run continues there and asks only what is due.
    """
    err.print(f"Starting PostgreSQL and the pretend LML, and a library at scale {scale:g} ...")
    exit_on_signals()
    with run_station(Path.cwd(), scale) as station:
        before = asyncio.run(_states(station))
        code, done = asyncio.run(_materialize(station))
        after = asyncio.run(_states(station))
        asked = station.lml.counters
    out.print(_coverage_table(before, after))
    out.print(
        f"LML was asked about {asked.rows['resolve']:,} records in "
        f"{asked.calls['resolve']:,} calls, "
        f"and for {asked.calls['lookup']:,} covers; {done.covers:,} were written. Its cache was "
        f"refreshed for {asked.rows['refresh']:,} identities in rotation.",
        soft_wrap=True,
    )
    if code:
        err.print(f"The run failed; its log is {_log(station)}.")
        raise typer.Exit(code)
    out.print(
        f"The run's log is {_log(station)}. `make ui SCALE={scale:g}` shows it in the Dagster UI: "
        "assets, ranges, figures.",
        soft_wrap=True,
    )


def ui(
    scale: Scale = 0.1,
    port: Annotated[int, typer.Option(help="Of the Dagster UI, on 127.0.0.1.")] = 3000,
) -> None:
    """Serve the Dagster UI, with its daemon, on the demo's station until Ctrl-C."""
    exit_on_signals()
    require_free_port(port)
    with run_station(Path.cwd(), scale) as station:
        err.print(f"The Dagster UI comes up at http://127.0.0.1:{port}; Ctrl-C ends it.")
        command = ["dev", "-w", str(WORKSPACE), "-h", "127.0.0.1", "-p", str(port)]
        # From here Dagster would warn of our own dagster.yaml, which it finds but does not use.
        raise typer.Exit(
            run_in_foreground(_dagster(*command), station.environment, folder=station.home)
        )


async def _materialize(station: SandboxStation) -> tuple[int, RunProgress]:
    with _log(station).open("wb") as log:
        job = await _execute(station, "library_full", log)
        async with _open_database(station) as opened:
            done = await _show_progress(CoverageStore(opened), job)
        refresh = await _execute(station, "rotation_job", log)
        return job.returncode or await refresh.wait(), done


async def _execute(station: SandboxStation, name: str, log: BinaryIO) -> asyncio.subprocess.Process:
    command = _dagster("job", "execute", "-m", "wxyc_assets.definitions", "-j", name)
    return await asyncio.create_subprocess_exec(
        *command, env=station.environment, stdout=log, stderr=log
    )


async def _show_progress(coverage: CoverageStore, job: asyncio.subprocess.Process) -> RunProgress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    started = datetime.now(UTC)
    ended = asyncio.create_task(job.wait())
    with Progress(*columns, console=err) as progress:
        identities = progress.add_task("due rows resolved", total=None)
        covers = progress.add_task("albums looked up", total=None)
        while True:
            await asyncio.wait([ended], timeout=REFRESH_SECONDS)
            done = await coverage.progress(started)
            progress.update(identities, total=done.due or None, completed=done.resolved)
            progress.update(covers, completed=done.looked_up)
            if ended.done():
                return done


async def _states(station: SandboxStation) -> States:
    async with _open_database(station) as opened:
        return await CoverageStore(opened).by_state(WIDE)


def _open_database(station: SandboxStation) -> AbstractAsyncContextManager[database.Database]:
    return database.open_database(
        station.database_url, schema=SCHEMA, assets_schema=ASSETS_SCHEMA, max_connections=2
    )


def _coverage_table(before: States, after: States) -> Table:
    table = Table(title="The library, by cohort and state")
    table.add_column("cohort")
    table.add_column("state")
    for column in ("before", "after"):
        table.add_column(column, justify="right")
    for cohort in Cohort:
        states = {state for each, state in before | after if each is cohort}
        for state in sorted(states, key=STATE_LABELS.__getitem__):
            key = cohort, state
            table.add_row(cohort, STATE_LABELS[state], f"{before[key]:,}", f"{after[key]:,}")
        table.add_section()
    table.add_row("all", "", f"{before.total():,}", f"{after.total():,}")
    return table


def _log(station: SandboxStation) -> Path:
    return station.home / "library_full.log"


def _dagster(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "dagster", *arguments]
