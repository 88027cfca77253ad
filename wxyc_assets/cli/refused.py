"""`wxyc-assets refused`: what could not be written, or asked, and how to try anew."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from wxyc_assets.adapters.postgres.refusal_store import Refusal, RefusalStore
from wxyc_assets.cli import connections
from wxyc_assets.cli.console import err, out


def refused(
    library_ids: Annotated[
        list[int] | None, typer.Argument(help="Only these records; by default all.")
    ] = None,
    ask_again: Annotated[
        bool, typer.Option("--ask-again", help="Have the next run ask LML about them anew.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the records whose identity or cover could not be written, and those that LML refused.

    What could not be written is tried again by every run over its range, from the stored answer.
    """
    with connections.cli_errors():
        found = asyncio.run(_refused(library_ids or [], ask_again))
    if missing := sorted({*(library_ids or [])} - {each.library_id for each in found}):
        err.print(f"[bold red]Error:[/] Nothing about {', '.join(map(str, missing))} was refused.")
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False, default=str))
        return
    for each in found:
        out.print(_line(each), soft_wrap=True)
    out.print(_summary(found, ask_again), soft_wrap=True)


async def _refused(library_ids: Sequence[int], ask_again: bool) -> list[Refusal]:
    async with connections.database().open() as database:
        store = RefusalStore(database)
        if ask_again:
            await store.ask_again(_chosen(await store.refused(), library_ids))
        return _chosen(await store.refused(), library_ids)


def _chosen(found: Sequence[Refusal], library_ids: Sequence[int]) -> list[Refusal]:
    return [each for each in found if not library_ids or each.library_id in library_ids]


def _line(refusal: Refusal) -> str:
    what = "refused by LML" if refusal.is_by_lml else "not written"
    again = ", to be asked again" if refusal.ask_again_at else ""
    name = f"{refusal.artist_name} · {refusal.album_title}"
    return (
        f"[bold]{refusal.library_id}[/]  {escape(name)}  "
        f"{refusal.subject} {what}{again}: {escape(refusal.reason)}"
    )


def _summary(found: Sequence[Refusal], ask_again: bool) -> str:
    if not found:
        return "Nothing was refused."
    count = "1 refusal" if len(found) == 1 else f"{len(found)} refusals"
    if ask_again:
        return f"{count}; the next run over their ranges asks LML about them."
    return f"{count}. With --ask-again the next run over their ranges asks LML about them anew."
