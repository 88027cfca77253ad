"""`wxyc-assets report`: the newest snapshot of the coverage as a page."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.cli import connections
from wxyc_assets.cli.console import err, out
from wxyc_assets.defs.library_coverage import CEILING, FloorsConfig
from wxyc_assets.flows.coverage.evaluation import Evaluation, evaluate_newest
from wxyc_assets.views.coverage_page import page


def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "coverage.html"
    ),
) -> None:
    """Write the newest snapshot of the coverage, and its gates, as one HTML file.

    It needs nothing beside itself: attach it, mail it, open it on a phone. It takes no snapshot;
    the jobs library_full and coverage_gates do.
    """
    with connections.cli_errors():
        judged = asyncio.run(_judged())
    if judged is None:
        err.print(
            "[bold red]Error:[/] There is no snapshot yet. Take one: "
            "dagster job execute -m wxyc_assets.definitions -j coverage_gates",
            soft_wrap=True,
        )
        raise typer.Exit(1)
    try:
        output.write_text(
            page(judged.snapshot, judged.past.totals, judged.verdicts), encoding="utf-8"
        )
    except OSError as error:
        err.print(f"[bold red]Error:[/] {output} cannot be written: {error.strerror}")
        raise typer.Exit(1) from None
    out.print(f"{output} shows the snapshot of {judged.snapshot.taken_at:%Y-%m-%d %H:%M %Z}.")


async def _judged() -> Evaluation | None:
    config = FloorsConfig()
    async with connections.database().open() as database:
        return await evaluate_newest(
            CoverageStore(database), config.floors(), ceiling=CEILING, compared=config.snapshots
        )
