"""Output for people: results on stdout, everything else on stderr."""

from importlib.metadata import version
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

out = Console()
err = Console(stderr=True)

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


def fail(message: str) -> NoReturn:
    """Print what is wrong and what to do about it, and exit with code 1."""
    err.print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True, highlight=False)
    raise typer.Exit(1)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"wxyc-assets {version('wxyc-assets')}")
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
]


def options(version: VersionOption = False) -> None:
    """Take the options that come before a command."""
