"""`wxyc-assets accept-coverage`: accept the newest snapshot although checks failed."""

import asyncio
import getpass
from typing import Annotated

import typer

from wxyc_assets.cli import connections
from wxyc_assets.cli.console import err, out
from wxyc_assets.domain.coverage import Snapshot
from wxyc_assets.flows.coverage.acceptance import NotAccepted, accept_newest


def accept_coverage(
    why: Annotated[str, typer.Option(help="The intended change; goes on record.")],
    by: Annotated[str | None, typer.Option(help="Who accepts it; else the OS user.")] = None,
) -> None:
    """Accept the newest coverage snapshot as the baseline, although checks failed on it.

    For an intended change, such as records that were withdrawn. Later snapshots are compared with
    it; floors still hold.
    """
    with connections.cli_errors():
        try:
            accepted = asyncio.run(_accept(by or getpass.getuser(), why))
        except NotAccepted as refused:
            err.print(f"[bold red]Error:[/] {refused}", soft_wrap=True)
            raise typer.Exit(1) from None
    out.print(
        f"The snapshot of {accepted.taken_at:%Y-%m-%d %H:%M %Z} is the baseline now.",
        soft_wrap=True,
    )


async def _accept(by: str, why: str) -> Snapshot:
    async with connections.database().open() as database:
        return await accept_newest(database, accepted_by=by, why=why)
