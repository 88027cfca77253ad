"""`wxyc-assets revert`: undo what a run changed."""

import asyncio
import getpass
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated
from uuid import uuid4

import typer
from rich.markup import escape

from wxyc_assets.adapters.postgres.journal_store import JournalStore
from wxyc_assets.cli import connections
from wxyc_assets.cli.console import err, out
from wxyc_assets.defs.revert import revert_or_plan
from wxyc_assets.domain.journal import JournaledRun, RevertResult
from wxyc_assets.flows.revert import NothingToRevert

RUNS_SHOWN = 20
LEFT_ALONE_SHOWN = 20


def revert(
    run_id: Annotated[
        str | None, typer.Argument(help="The run to undo; without it, the newest runs are listed.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it; otherwise only say what it would do.")
    ] = False,
    by: Annotated[str | None, typer.Option(help="Who wants it; else the OS user.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Undo what a run changed: identities, sources, credits, dates of attempts, covers.

    What was changed since is left alone, and listed. LML is not called, and the records wait before
    it is asked about them again. A revert is a run, and can be reverted.
    """
    if run_id is None:
        _list_runs()
        return
    with connections.cli_errors():
        try:
            result = asyncio.run(_revert(run_id, apply, by or getpass.getuser()))
        except NothingToRevert as nothing:
            err.print(f"[bold red]Error:[/] {escape(str(nothing))}", soft_wrap=True)
            raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(asdict(result), ensure_ascii=False))
        return
    for line in _lines(result, was_to_apply=apply):
        out.print(line, soft_wrap=True)


async def _revert(run_id: str, applies: bool, by: str) -> RevertResult:
    async with connections.database().open() as database:
        return await revert_or_plan(
            JournalStore(database), run_id, applies=applies, own_run_id=str(uuid4()), by=by
        )


def _list_runs() -> None:
    with connections.cli_errors():
        runs = asyncio.run(_runs())
    for each in runs:
        out.print(_run_line(each), soft_wrap=True)
    if not runs:
        out.print("The journal is empty.")


async def _runs() -> list[JournaledRun]:
    async with connections.database().open() as database:
        return await JournalStore(database).runs(RUNS_SHOWN)


def _run_line(run: JournaledRun) -> str:
    records = ", ".join(f"{name} {count}" for name, count in run.records.items())
    reverted = f"  (reverts {run.reverted_run_id})" if run.reverted_run_id else ""
    return f"{run.run_id}  {run.changed_at:%Y-%m-%d %H:%M %Z}  {records}{reverted}"


def _lines(result: RevertResult, *, was_to_apply: bool) -> Iterator[str]:
    verb = "Reverted" if result.is_applied else "Would revert"
    counts = ", ".join(f"{name} of {count}" for name, count in sorted(result.reverted.items()))
    yield f"{verb}: {counts or 'nothing'}" + " records" * bool(counts)
    if result.already_reverted:
        yield f"Reverted already: {result.already_reverted}"
    if result.left_alone:
        yield f"Left alone: {len(result.left_alone)}"
    for each in result.left_alone[:LEFT_ALONE_SHOWN]:
        yield f"  {each.library_id}  {each.subject}: {escape(each.reason)}"
    if len(result.left_alone) > LEFT_ALONE_SHOWN:
        yield "  ... and more: --json lists all"
    if result.is_applied:
        yield f"This revert is run {result.run_id}; `wxyc-assets revert {result.run_id}` undoes it."
    elif was_to_apply:
        yield "Nothing was changed: DRY_RUN is set."
    else:
        yield "Nothing was changed. With --apply it is."
