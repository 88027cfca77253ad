"""The environment is checked before anything else, and told in a form that fits the reader."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

import click

COMMANDS_OF_PEOPLE = {"job", "asset"}
"""The groups of `dagster`'s commands that load this code in their own process and exit with it. Its
servers must go on without it, and show the whole error in the UI."""


@contextmanager
def one_line_for_commands() -> Generator[None]:
    """End `dagster job ...` and `dagster asset ...` with an error's message and exit code 1.

    Dagster would bury it under a hundred lines of traceback.
    """
    try:
        yield
    except ValueError as error:  # SettingsError, whose own module could not be imported
        if _is_command_of_people():
            sys.exit(f"Error: {error}")
        raise


def _is_command_of_people() -> bool:
    command = click.get_current_context(silent=True)
    group = command and command.parent
    return bool(group) and group.info_name in COMMANDS_OF_PEOPLE
