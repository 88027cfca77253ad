"""`wxyc-assets report`: the newest coverage snapshot as a page."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from wxyc_assets.adapters.postgres.doubt_store import DoubtStore
from wxyc_assets.adapters.postgres.precision_store import PrecisionStore
from wxyc_assets.adapters.postgres.report_store import ReportStore
from wxyc_assets.cli import connections
from wxyc_assets.cli.console import err, out
from wxyc_assets.defs.library_coverage import CEILING, GatesConfig
from wxyc_assets.domain.changes import RecordsOfReport
from wxyc_assets.domain.coverage import Snapshot
from wxyc_assets.domain.doubts import Doubts
from wxyc_assets.domain.samples import MeasuredPrecision
from wxyc_assets.flows.coverage.evaluation import Evaluation, earlier_snapshots, evaluate_newest
from wxyc_assets.flows.doubts.find_doubts import MOST_PLAYED
from wxyc_assets.views.coverage_page import page

CHANGES_SHOWN = timedelta(days=7)


def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "coverage.html"
    ),
) -> None:
    """Write the newest coverage snapshot, and its checks, as one HTML file.

    The file is self-contained: attach it, mail it, open it on a phone. This command takes no
    snapshot; the jobs library_full and coverage_gates do.
    """
    with connections.cli_errors():
        found = asyncio.run(_read())
    if found is None:
        err.print(
            "[bold red]Error:[/] There is no snapshot yet. Take one: "
            "dagster job execute -m wxyc_assets.definitions -j coverage_gates",
            soft_wrap=True,
        )
        raise typer.Exit(1)
    evaluation, earlier, records, doubts, precision = found
    try:
        output.write_text(
            page(
                evaluation.snapshot,
                earlier,
                evaluation.results,
                records,
                evaluation.history.by_hand,
                doubts,
                precision,
            ),
            encoding="utf-8",
        )
    except OSError as error:
        err.print(f"[bold red]Error:[/] {output} cannot be written: {error.strerror}")
        raise typer.Exit(1) from None
    out.print(f"{output} shows the snapshot of {evaluation.snapshot.taken_at:%Y-%m-%d %H:%M %Z}.")


async def _read() -> (
    tuple[Evaluation, list[Snapshot], RecordsOfReport, Doubts | None, list[MeasuredPrecision]]
    | None
):
    config = GatesConfig()
    async with connections.database().open() as database:
        found = await evaluate_newest(
            database, config.floors(), ceiling=CEILING, baseline_days=config.baseline_days
        )
        if found is None:
            return None
        earlier = await earlier_snapshots(database, found.snapshot)
        since = found.snapshot.taken_at - CHANGES_SHOWN
        records = await ReportStore(database).records(found.snapshot.eligibility, since=since)
        doubts = await DoubtStore(database).newest(MOST_PLAYED)
        return found, earlier, records, doubts, await PrecisionStore(database).newest()
