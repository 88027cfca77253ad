"""The environment is checked before anything else, and told in a form that fits the reader."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

import click

from wxyc_assets.extras import how_to_install

COMMANDS_OF_PEOPLE = {"job", "asset"}
"""The groups of `dagster`'s commands that load this code in their own process and exit with it. Its
servers must go on without it, and show the whole error in the UI."""


@contextmanager
def one_line_for_commands() -> Generator[None]:
    """End `dagster job ...` and `dagster asset ...` with an error's message and exit code 1.

    Dagster would bury it under a hundred lines of traceback. For a package of one of our extras the
    message says how to install it, in the UI as well.
    """
    try:
        yield
    except ValueError as error:  # SettingsError, whose own module could not be imported
        _end_command(str(error))
        raise
    except ModuleNotFoundError as missing:
        advice = how_to_install(missing)
        if advice is None:
            raise
        _end_command(advice)
        raise ModuleNotFoundError(advice, name=missing.name) from missing


def _end_command(message: str) -> None:
    """Exit if people wait for this process."""
    if _is_command_of_people():
        sys.exit(f"Error: {message}")


def _is_command_of_people() -> bool:
    command = click.get_current_context(silent=True)
    group = command and command.parent
    return bool(group) and group.info_name in COMMANDS_OF_PEOPLE
