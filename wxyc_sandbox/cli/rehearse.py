"""`wxyc-sandbox rehearse`: choose the rate and batch size of the refresh."""

from pathlib import Path
from typing import Annotated

import stamina.instrumentation
import typer
from rich.progress import track

from wxyc_assets.cli.console import err, out
from wxyc_sandbox.rehearsal import RUNTIME_PER_MINUTE, SETTINGS, rehearse_all, scenarios
from wxyc_sandbox.rehearsal_report import plot, recommend, tables


def rehearse(
    picture: Annotated[Path, typer.Option(help="Where the plot goes.")] = Path("rehearsal.png"),
    others: Annotated[
        float, typer.Option(min=0, help="Discogs requests per minute of runtime callers.")
    ] = RUNTIME_PER_MINUTE,
) -> None:
    """Rehearse the refresh in simulated time, over a grid of settings, before touching production.

    Prints a table per model of LML and a recommendation with its reason, and draws a plot. Takes
    one to five minutes: all of it is work for the CPU.
    """
    stamina.instrumentation.set_on_retry_hooks([])  # simulated retries are not worth a log line
    conditions = scenarios(others)
    found = rehearse_all(conditions, SETTINGS)
    runs = len(conditions) * (len(SETTINGS) + 1)
    outcomes = list(track(found, "rehearsing", total=runs, console=err))
    for each in tables(outcomes):
        out.print(each)
    recommended = recommend(outcomes, conditions[0])
    if recommended.setting:
        setting = recommended.setting
        out.print(
            f"Use LML_RATE_PER_MIN={setting.rate:g} REFRESH_BATCH_SIZE={setting.batch_size} "
            f"REFRESH_MAX_CONCURRENT={setting.in_flight}."
        )
    out.print(recommended.why, soft_wrap=True)
    plot(outcomes, picture)
    out.print(f"The plot is {picture}.")
