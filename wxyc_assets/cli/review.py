"""`wxyc-assets review`: the records most worth a person's look."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from wxyc_assets.adapters.postgres.review_store import ReviewStore
from wxyc_assets.cli import connections
from wxyc_assets.cli.review_files import write_cards
from wxyc_assets.domain.review import ReviewCard

INTRODUCTION = (
    "The records most worth a look: those with the gravest doubts that are played most. Is each of "
    "these the right artist, or the right cover?"
)


def review(
    most: Annotated[int, typer.Option(min=1, help="How many records to show.")] = 200,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The folder to write to.", file_okay=False),
    ] = Path(),
) -> None:
    """Write the doubtful records, the most played first, as a page and as a sheet to fill in.

    The doubts are those that the job library_doubts_job found last; what people have decided is
    left out. Take the decisions in with `wxyc-assets verdicts`.
    """
    with connections.cli_errors():
        cards = asyncio.run(_load(most))
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    write_cards(output, "review", cards, title=f"Review of {day}", introduction=INTRODUCTION)


async def _load(most: int) -> list[ReviewCard]:
    async with connections.database().open() as database:
        return await ReviewStore(database).most_doubtful(most)
