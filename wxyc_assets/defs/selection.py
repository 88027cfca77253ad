"""A selection that matches no asset is refused; Dagster would run all assets instead."""

import click
import dagster as dg

from wxyc_assets.defs.dagster_internals import selects_nothing


def require_selection(run: dg.DagsterRun) -> None:
    """Raise dg.Failure for a run whose selection matched no asset, before it touches anything."""
    if selects_nothing(run):
        raise dg.Failure(
            f"{_selection_of_the_command()} matches no asset, so nothing was done. "
            "`dagster asset list -m wxyc_assets.definitions` shows the assets.",
            allow_retries=False,
        )


def _selection_of_the_command() -> str:
    """Return the selection as it was typed, if the run belongs to this process's command."""
    command = click.get_current_context(silent=True)
    typed = command.params.get("select") if command else None
    return f"--select {typed}" if typed else "The selection"
