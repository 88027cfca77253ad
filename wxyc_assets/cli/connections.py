"""Dagster's resources, for commands that run without Dagster."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import dagster as dg
import typer

from wxyc_assets.cli.console import err
from wxyc_assets.defs.failures import as_dagster_failure
from wxyc_assets.defs.resources import DatabaseResource, LmlResource, RotationGates, resources

Resource = TypeVar("Resource", bound=dg.ConfigurableResource[Any])


def database() -> DatabaseResource:
    """Return the Backend database of the environment."""
    return _with_secrets(resources["database"], DatabaseResource)


def lml() -> LmlResource:
    """Return LML of the environment."""
    return _with_secrets(resources["lml"], LmlResource)


def rotation_gates() -> RotationGates:
    """Return the gates before a refresh, as the environment sets them."""
    return _with_secrets(resources["rotation_gates"], RotationGates)


def _with_secrets(resource: Any, kind: type[Resource]) -> Resource:
    fields = {name: getattr(resource, name) for name in kind.model_fields}
    return kind(**{name: _value(given) for name, given in fields.items()})


def _value(given: Any) -> Any:
    return given.get_value() if isinstance(given, dg.EnvVar) else given


@contextmanager
def cli_errors() -> Generator[None]:
    """Print an adapter's error, or a failure that Dagster would show, and exit with code 1."""
    try:
        with as_dagster_failure():
            yield
    except dg.Failure as failure:
        err.print(f"[bold red]Error:[/] {failure.description}", soft_wrap=True)
        raise typer.Exit(1) from None
