"""`wxyc-assets sample`: draw a random sample for people to label."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.markup import escape

from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.cli import connections
from wxyc_assets.cli.console import err
from wxyc_assets.cli.review_files import write_cards
from wxyc_assets.domain.review import ReviewCard
from wxyc_assets.domain.samples import SampledKind
from wxyc_assets.flows.precision import current_rules, draw_sample

INTRODUCTION = (
    "Is each of these the right artist, or the right cover? Decide by what you see and know; leave "
    "for later what you cannot tell. The records were drawn at random."
)


def sample(
    size: Annotated[int, typer.Option(min=1, help="Identities to draw.")] = 400,
    covers: Annotated[int, typer.Option(min=0, help="Covers to draw.")] = 100,
    seed: Annotated[int, typer.Option(help="The same seed draws the same records.")] = 1,
    name: Annotated[
        str | None, typer.Option(help="The sample's name; else the day and the seed.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder to write to.", file_okay=False)
    ] = Path(),
) -> None:
    """Draw a random sample of what is written, as a page and as a sheet to label.

    Stratified by method, confidence and cohort, of which the page and the sheet say nothing. Take
    the labels in with `wxyc-assets verdicts`; the job precision_job measures by them.
    """
    sample_id = name or f"{datetime.now(UTC):%Y-%m-%d}-seed-{seed}"
    if not output.is_dir():
        _fail(f"{output} is no folder")
    wanted = {SampledKind.IDENTITY: size, SampledKind.COVER: covers}
    sizes = {kind: number for kind, number in wanted.items() if number}
    with connections.cli_errors():
        try:
            cards = asyncio.run(_draw(sample_id, seed, sizes))
        except ValueError as error:
            _fail(str(error))
    write_cards(
        output,
        f"sample-{sample_id}",
        cards,
        title=f"Sample {sample_id}",
        introduction=INTRODUCTION,
        sample_id=sample_id,
    )


async def _draw(sample_id: str, seed: int, sizes: dict[SampledKind, int]) -> list[ReviewCard]:
    async with (
        connections.database().open() as database,
        connections.lml().open(database, CallerReason.PRECISION) as lml,
    ):
        rules = await current_rules(lml)
        return await draw_sample(database, sample_id, seed=seed, sizes=sizes, lml=rules)


def _fail(why: str) -> NoReturn:
    err.print(f"[bold red]Error:[/] {escape(why)}", soft_wrap=True)
    raise typer.Exit(1)
