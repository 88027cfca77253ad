"""Cards to review, written as a page and as a sheet."""

from collections.abc import Sequence
from pathlib import Path

import typer
from rich.markup import escape

from wxyc_assets.cli.console import err, out
from wxyc_assets.domain.review import ReviewCard
from wxyc_assets.settings import settings
from wxyc_assets.views.review_page import page
from wxyc_assets.views.review_sheet import sheet


def write_cards(
    folder: Path,
    name: str,
    cards: Sequence[ReviewCard],
    *,
    title: str,
    introduction: str,
    sample_id: str | None = None,
) -> None:
    """Write NAME.html and NAME.csv to a folder, and say so; exit with code 1 if that fails."""
    written = {
        f"{name}.html": page(
            title,
            introduction,
            cards,
            page_id=name,
            sample_id=sample_id,
            proxy=settings.cover_proxy_url,
        ),
        f"{name}.csv": sheet(cards, sample_id=sample_id),
    }
    for file, text in written.items():
        try:
            (folder / file).write_text(text, encoding="utf-8")
        except OSError as error:
            err.print(f"[bold red]Error:[/] {folder / file} cannot be written: {error.strerror}")
            raise typer.Exit(1) from None
        records = "1 record" if len(cards) == 1 else f"{len(cards)} records"
        out.print(f"{escape(str(folder / file))} holds {records}.", soft_wrap=True)
