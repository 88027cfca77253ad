"""`wxyc-assets verdicts`: take in what people decided about identities and covers."""

import asyncio
import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.markup import escape

from wxyc_assets.adapters.postgres.verdict_store import VerdictStore
from wxyc_assets.cli import connections
from wxyc_assets.cli.console import err, out
from wxyc_assets.domain.verdict_file import (
    NumberedVerdict,
    VerdictFileInvalid,
    read_verdicts,
    write_verdicts,
)
from wxyc_assets.domain.verdicts import Conflict, Intake, RecordVerdict

COMPLAINTS_SHOWN = 50


def verdicts(
    file: Annotated[
        Path | None, typer.Argument(help="The verdict file (CSV) to take in.", dir_okay=False)
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Who decided, where the file does not say; else the OS user.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write all verdicts to this CSV file.", dir_okay=False)
    ] = None,
    conflicts: Annotated[
        bool, typer.Option("--conflicts", help="List decisions that another person overruled.")
    ] = False,
) -> None:
    """Take in a file of verdicts, all of it or nothing, and act on it at once.

    What is confirmed or given is written as manual, and no run changes it. What is rejected is
    removed, and never written again for that record. The newest decision about a value stands;
    the decision "later" withdraws an earlier one. A file can be taken in twice.
    """
    if not (file or export or conflicts):
        _fail(["name a verdict file, or use --export or --conflicts"])
    if file:
        _take_in(_read(file, by or getpass.getuser()))
    if export:
        stored = _stored()
        _write(export, write_verdicts(stored))
        out.print(f"{export} holds {_counted(len(stored), 'verdict')}.", soft_wrap=True)
    if conflicts:
        _show_conflicts(_conflicts())


def _read(file: Path, by: str) -> list[NumberedVerdict]:
    try:
        text = file.read_bytes().decode()
        return read_verdicts(text, now=datetime.now(UTC), decided_by=by)
    except OSError as error:
        _fail([f"{file} cannot be read: {error.strerror}"])
    except UnicodeDecodeError as error:
        _fail([f"{file} is not UTF-8: byte {error.start + 1} is wrong; save it as CSV UTF-8"])
    except VerdictFileInvalid as error:
        _fail(error.complaints, f"nothing of {file} was taken in")


def _take_in(said: Sequence[NumberedVerdict]) -> None:
    with connections.cli_errors():
        try:
            intake = asyncio.run(_stored_and_acted_on(said))
        except VerdictFileInvalid as error:
            _fail(error.complaints, "nothing was taken in")
    out.print(_summary(intake), soft_wrap=True)
    if intake.conflicts:
        _show_conflicts(intake.conflicts)


async def _stored_and_acted_on(said: Sequence[NumberedVerdict]) -> Intake:
    async with connections.database().open() as database:
        return await VerdictStore(database).take_in(said)


def _stored() -> list[RecordVerdict]:
    async def read() -> list[RecordVerdict]:
        async with connections.database().open() as database:
            return await VerdictStore(database).verdicts()

    with connections.cli_errors():
        return asyncio.run(read())


def _conflicts() -> list[Conflict]:
    async def read() -> list[Conflict]:
        async with connections.database().open() as database:
            return await VerdictStore(database).conflicts()

    with connections.cli_errors():
        return asyncio.run(read())


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        _fail([f"{path} cannot be written: {error.strerror}"])


def _summary(intake: Intake) -> str:
    known = f" ({intake.known} taken in before)" if intake.known else ""
    done = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in sorted(intake.changes.items()))
    return f"{_counted(intake.new, 'new verdict')}{known}: {done or 'the tables agree already'}."


def _show_conflicts(found: Sequence[Conflict]) -> None:
    for each in found:
        out.print(
            f"[bold]{each.library_id}[/]  {each.topic}: {escape(each.overruled_by)} said "
            f"{each.overruled_decision} {escape(each.overruled_value)}; what stands is "
            f"{escape(each.decided_by)}'s {each.decision} {escape(each.value)}",
            soft_wrap=True,
        )
    out.print(f"{_counted(len(found), 'conflict')}.")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _fail(complaints: Sequence[str], what: str | None = None) -> NoReturn:
    for each in complaints[:COMPLAINTS_SHOWN]:
        err.print(f"[bold red]Error:[/] {escape(each)}", soft_wrap=True)
    if len(complaints) > COMPLAINTS_SHOWN:
        err.print(f"... and {len(complaints) - COMPLAINTS_SHOWN} more.")
    if what:
        err.print(f"{_counted(len(complaints), 'error')}: {escape(what)}.", soft_wrap=True)
    raise typer.Exit(1)
