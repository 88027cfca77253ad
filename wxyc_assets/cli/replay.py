"""`wxyc-assets replay`: decide on covers again from stored answers, without asking LML."""

import asyncio
import json
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.cli import connections
from wxyc_assets.cli.console import err, out
from wxyc_assets.cli.progress import progress_on_stderr
from wxyc_assets.defs.replays import ReplayConfig, fail_unless_written, run_replay
from wxyc_assets.domain.artwork import Eligibility, Match
from wxyc_assets.domain.run_checks import WrittenCount
from wxyc_assets.flows.artwork.replay import Replay
from wxyc_assets.settings import settings
from wxyc_assets.views import replay_sheet


def replay(
    ranges: Annotated[
        list[str] | None, typer.Argument(help="Range keys; none: the whole library.")
    ] = None,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="How sure LML must be of a release.")
    ] = settings.artwork_min_confidence,
    match: Annotated[Match, typer.Option(help="How a result is matched.")] = settings.artwork_match,
    eligibility: Annotated[
        Eligibility, typer.Option(help="Which records want a cover.")
    ] = settings.artwork_eligibility,
    apply: Annotated[bool, typer.Option("--apply", help="Write what is decided.")] = False,
    max_drop: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of our covers that the rules may take away."),
    ] = settings.gate_max_drop,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a page with the covers to this file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Decide on covers again by other rules, from LML's stored answers; show the difference.

    Nothing is written without --apply, and LML is not asked. Covers of ours that the rules reject
    are taken back; nobody else's is touched.
    """
    config = ReplayConfig(
        min_confidence=min_confidence,
        match=match.value,
        eligibility=eligibility.value,
        apply=apply,
        max_drop=max_drop,
    )
    with connections.cli_errors():
        found, count = asyncio.run(_replay(config, ranges or []))
        _show(found, sheet, as_json=as_json)
        fail_unless_written(count)
    if count is None and not as_json:
        out.print("Nothing was written; --apply writes it.")


async def _replay(config: ReplayConfig, keys: list[str]) -> tuple[Replay, WrittenCount | None]:
    opened: Database
    async with connections.database().open() as opened:
        return await run_replay(opened, config, keys, f"replay-{uuid4()}", progress_on_stderr())


def _show(found: Replay, sheet: Path | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(replay_sheet.as_json(found.totals)))
    else:
        for line in replay_sheet.summary(found.totals):
            out.print(line, soft_wrap=True, highlight=False)
    if sheet is not None:
        try:
            page = replay_sheet.page(found.totals, found.samples, settings.cover_proxy_url)
            sheet.write_text(page, encoding="utf-8")
        except OSError as error:
            err.print(f"[bold red]Error:[/] {sheet} cannot be written: {error.strerror}")
            raise typer.Exit(1) from None
