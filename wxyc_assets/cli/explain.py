"""`wxyc-assets explain`: the state and the history of one library record."""

import asyncio
import json
from typing import Annotated

import typer

from wxyc_assets.cli import connections
from wxyc_assets.cli.console import fail, out
from wxyc_assets.defs.library_artwork import ArtworkConfig
from wxyc_assets.defs.partitions import library_ranges
from wxyc_assets.defs.resources import ScopeResource
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.explanation import Explanation
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.explain import NoSuchRecord
from wxyc_assets.flows.explain import explain as explain_record
from wxyc_assets.views.explanation import sections, title


def explain(
    library_id: Annotated[int, typer.Argument(help="`library.id`, such as 4711.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Explain one record: its identity and cover, what happened to it, and what happens next.

    By the rules of the environment. --json adds LML's answer word for word.
    """
    with connections.cli_errors():
        try:
            explanation = asyncio.run(_explain(library_id))
        except NoSuchRecord as missing:
            fail(str(missing))
    if as_json:
        typer.echo(json.dumps(explanation.as_json(), ensure_ascii=False))
        return
    _print(title(explanation), style="bold")
    for heading, sentences in sections(explanation):
        _print(f"\n{heading}", style="bold")
        for sentence in sentences:
            _print(f"  {sentence}")


def _print(line: str, style: str | None = None) -> None:
    out.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


async def _explain(library_id: int) -> Explanation:
    ranges = [IdRange.parse(key) for key in library_ranges.get_partition_keys()]
    rules = CoverageRules(ScopeResource().scope(), ArtworkConfig().scope())
    async with connections.database().open() as database:
        return await explain_record(database, library_id, rules, ranges)
