"""The same recipes as in Dagster, for commands that run beside it."""

from collections.abc import Generator
from contextlib import contextmanager

import dagster as dg
import typer

from wxyc_assets.cli.console import err
from wxyc_assets.defs.resources import DatabaseResource, LmlResource, resources


def database() -> DatabaseResource:
    """The Backend database of the environment."""
    return resources["database"].process_config_and_initialize()


def lml() -> LmlResource:
    """LML of the environment."""
    return resources["lml"].process_config_and_initialize()


@contextmanager
def told_to_people() -> Generator[None]:
    """Turns the errors that Dagster would show into one line and exit code 1."""
    try:
        yield
    except dg.Failure as failure:
        err.print(f"[bold red]Error:[/] {failure.description}", soft_wrap=True)
        raise typer.Exit(1) from failure
    except dg.DagsterInvalidConfigError as error:
        for each in error.errors:
            err.print(f"[bold red]Error:[/] {each.message}", soft_wrap=True)
        raise typer.Exit(1) from error
