"""`wxyc-assets rotation-dry-run` and `smoke`: what comes before a first refresh."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict

import dagster as dg
import typer
from rich.markup import escape

from wxyc_assets.adapters.github import open_github
from wxyc_assets.cli import connections
from wxyc_assets.cli.console import out
from wxyc_assets.defs.failures import as_dagster_failure
from wxyc_assets.defs.rotation_dry_run import plan_refresh
from wxyc_assets.flows.smoke import Line
from wxyc_assets.flows.smoke import smoke as questions
from wxyc_assets.settings import settings


def rotation_dry_run() -> None:
    """Count what a refresh of LML's cache would take; LML is not called."""
    with connections.cli_errors():
        planned = asyncio.run(plan_refresh(connections.database(), settings.refresh_batch_size))
    typer.echo(json.dumps(asdict(planned)))


def smoke() -> None:
    """Ask LML five questions that change nothing, before a first run.

    Each line says what was expected and what came; exit code 1 when one is not as expected.
    """
    with connections.cli_errors():
        is_well = asyncio.run(_ask_and_print())
    raise typer.Exit(0 if is_well else 1)


async def _ask_and_print() -> bool:
    is_well = True
    with as_dagster_failure():
        async with _lines() as lines:
            async for line in lines:
                is_well &= line.is_well
                mark = "[green]as expected[/]" if line.is_well else "[bold red]NOT as expected[/]"
                out.print(f"{mark}  {escape(line.question)}", soft_wrap=True)
                out.print(f"    expected  {escape(line.expected)}", soft_wrap=True)
                out.print(f"    found     {escape(line.found)}", soft_wrap=True)
    return is_well


@asynccontextmanager
async def _lines() -> AsyncGenerator[AsyncGenerator[Line]]:
    lml = connections.lml()
    token = dg.EnvVar("GITHUB_TOKEN").get_value()
    async with (
        connections.database().open() as database,
        lml.open(database) as client,
        open_github(settings.github_api_url, token=token) as commits,
    ):
        yield questions(client, commits, local_dev=settings.local_dev)
