"""The same recipes as in Dagster, for commands that run beside it."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import dagster as dg
import typer

from wxyc_assets.cli.console import err
from wxyc_assets.defs.failures import as_dagster_failure
from wxyc_assets.defs.resources import DatabaseResource, LmlResource, resources

Recipe = TypeVar("Recipe", bound=dg.ConfigurableResource[Any])


def database() -> DatabaseResource:
    """The Backend database of the environment."""
    return _with_secrets(resources["database"], DatabaseResource)


def lml() -> LmlResource:
    """LML of the environment."""
    return _with_secrets(resources["lml"], LmlResource)


def _with_secrets(recipe: Any, kind: type[Recipe]) -> Recipe:
    fields = {name: getattr(recipe, name) for name in kind.model_fields}
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
