"""Dagster's resources, for commands that run without Dagster."""

from collections.abc import Generator
from contextlib import contextmanager

import dagster as dg
import typer

from wxyc_assets.cli.console import err
from wxyc_assets.defs.failures import as_dagster_failure
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.plain_resources import with_secrets
from wxyc_assets.defs.resources import DatabaseResource, RotationGates, resources


def database() -> DatabaseResource:
    """Return the Backend database of the environment."""
    return with_secrets(resources["database"], DatabaseResource)


def lml() -> LmlResource:
    """Return LML of the environment."""
    return with_secrets(resources["lml"], LmlResource)


def rotation_gates() -> RotationGates:
    """Return the gates before a refresh, as the environment sets them."""
    return with_secrets(resources["rotation_gates"], RotationGates)


@contextmanager
def cli_errors() -> Generator[None]:
    """Print an adapter's error, or a failure that Dagster would show, and exit with code 1."""
    try:
        with as_dagster_failure():
            yield
    except dg.Failure as failure:
        err.print(f"[bold red]Error:[/] {failure.description}", soft_wrap=True)
        raise typer.Exit(1) from None
