"""`wxyc-assets dry-run`: count what a run would do."""

import asyncio
from typing import Annotated

import typer

from wxyc_assets.cli import connections
from wxyc_assets.cli.progress import progress_on_stderr
from wxyc_assets.defs.dry_runs import count_identities, fail_if_unanswered, print_counts
from wxyc_assets.defs.resources import PagesResource, ScopeResource
from wxyc_assets.settings import settings


def dry_run(
    ranges: Annotated[
        list[str] | None, typer.Argument(help="Range keys; none: the whole library.")
    ] = None,
    wide: Annotated[
        bool, typer.Option(help="Include records without a canonical entity.")
    ] = settings.include_null_canonical,
    recheck: Annotated[
        bool, typer.Option(help="Include each attempted record of the compilation cohort.")
    ] = settings.recheck,
) -> None:
    """Ask LML as a run would, write nothing, and print one JSON object per cohort.

    The first line is the compilation cohort, the second the rest. stderr has logs and progress.
    """
    with connections.cli_errors():
        tallies = asyncio.run(
            count_identities(
                ranges or [],
                database=connections.database(),
                lml=connections.lml(),
                scope=ScopeResource(include_null_canonical=wide, recheck=recheck),
                pages=PagesResource(),
                watch=progress_on_stderr(),
            )
        )
        print_counts(tallies)
        fail_if_unanswered(tallies)
