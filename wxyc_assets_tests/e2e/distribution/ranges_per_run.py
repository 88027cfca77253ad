"""Measurement of a backfill of the whole library on one machine, by RANGES_PER_RUN.

Run `python -m wxyc_assets_tests.e2e.distribution.ranges_per_run` as root on an idle machine.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Annotated

import dagster as dg
import typer
from rich.console import Console
from rich.table import Table

from wxyc_assets_tests.e2e.distribution import backfill, hosts
from wxyc_assets_tests.e2e.distribution.backfill import Backfill
from wxyc_assets_tests.e2e.distribution.site import Site, run_site

MODULE = "wxyc_assets.definitions"
LATENCY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class BackfillTiming:
    """Durations of one backfill, in seconds."""

    runs: int
    wall: float
    first_to_last: float
    """From the first run's start to the last run's end."""
    per_run: float
    """Average duration of a run."""


def main(
    scale: Annotated[float, typer.Option(help="Scale of the library; 1 is the station's.")] = 0.1,
) -> None:
    """Measure 32 ranges in one run, in runs of eight ranges, and in one run per range."""
    if not hosts.inside_site():
        hosts.enter_site([sys.executable, "-m", __spec__.name, *sys.argv[1:]])
    hosts.build_network()
    table = Table(title=f"32 ranges, scale {scale:g}, runs at a time as in dagster.yaml")
    for column in ("RANGES_PER_RUN", "runs", "wall s", "first start to last end s", "per run s"):
        table.add_column(column, justify="right")
    for ranges in (0, 8, 1):
        timing = _measure(scale, ranges)
        table.add_row(str(ranges), str(timing.runs), *_seconds(timing))
    Console().print(table)


def _seconds(timing: BackfillTiming) -> Iterator[str]:
    yield from (f"{each:.0f}" for each in (timing.wall, timing.first_to_last, timing.per_run))


def _measure(scale: float, ranges: int) -> BackfillTiming:
    with hosts.site_folder() as folder:
        site = run_site(
            folder,
            scale,
            ranges_per_run=ranges,
            latency_seconds=LATENCY_SECONDS,
        )
        with site as running:
            return _backfill(running)


def _backfill(site: Site) -> BackfillTiming:
    os.environ.update(site.variables)
    with dg.DagsterInstance.get() as instance:
        backfill_id = backfill.launch(site, MODULE)
        started = monotonic()
        with backfill.daemon(site, MODULE):
            launched = Backfill(instance, backfill_id)
            while launched.status() is None:
                sleep(1)
            wall = monotonic() - started
        records = instance.get_run_records(dg.RunsFilter(tags={"dagster/backfill": backfill_id}))
    times = [(each.start_time or 0.0, each.end_time or 0.0) for each in records]
    return BackfillTiming(
        runs=len(times),
        wall=wall,
        first_to_last=max(end for _, end in times) - min(start for start, _ in times),
        per_run=sum(end - start for start, end in times) / len(times),
    )


if __name__ == "__main__":
    application = typer.Typer(pretty_exceptions_enable=False)
    application.command()(main)
    application()
