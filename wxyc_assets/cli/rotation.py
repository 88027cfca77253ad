"""`wxyc-assets rotation-dry-run` and `smoke`: to run before a first refresh."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.adapters.postgres.rotation_store import RotationStore
from wxyc_assets.cli import connections
from wxyc_assets.cli.console import out
from wxyc_assets.defs.dry_runs import plan_refresh
from wxyc_assets.flows.smoke import SmokeLine
from wxyc_assets.flows.smoke import smoke as questions
from wxyc_assets.settings import settings


def rotation_dry_run() -> None:
    """Count the calls that a refresh of LML's cache would make; LML is not called."""
    with connections.cli_errors():
        planned = asyncio.run(plan_refresh(connections.database(), settings.refresh_batch_size))
    typer.echo(json.dumps(asdict(planned)))


def smoke(
    refresh: Annotated[
        bool,
        typer.Option(help="Refresh one identity in rotation, for about four Discogs requests."),
    ] = True,
) -> None:
    """Ask LML six questions before a first run; nothing of ours is written.

    The last one has LML refresh its cache for one identity in rotation. Each line shows what was
    expected and what was found; exit code 1 if they differ.
    """
    with connections.cli_errors():
        is_well = asyncio.run(_ask_and_print(refresh=refresh))
    raise typer.Exit(0 if is_well else 1)


async def _ask_and_print(*, refresh: bool) -> bool:
    is_well = True
    async with _lines(refresh=refresh) as lines:
        async for line in lines:
            is_well &= line.is_well
            mark = "[green]as expected[/]" if line.is_well else "[bold red]NOT as expected[/]"
            out.print(f"{mark}  {escape(line.question)}", soft_wrap=True)
            out.print(f"    expected  {escape(line.expected)}", soft_wrap=True)
            out.print(f"    found     {escape(line.found)}", soft_wrap=True)
    return is_well


@asynccontextmanager
async def _lines(*, refresh: bool) -> AsyncGenerator[AsyncGenerator[SmokeLine]]:
    lml, gates = connections.lml(), connections.rotation_gates()
    async with (
        connections.database().open() as database,
        lml.open(database, CallerReason.SMOKE) as client,
        gates.open_github() as github,
    ):
        rotation = RotationStore(database) if refresh else None
        yield questions(client, github, local_dev=gates.local_dev, rotation=rotation)
