"""Entry point of a forked child: Dagster's command line in an environment of its own.

Nothing of `wxyc_assets` is imported here: the child must read its own environment.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PRELOADED = [
    __name__,
    "dagster",
    "dagster._cli",
    "dagster_postgres",
    "dagster_webserver",
    "alembic",
    "httpx",
    "psycopg",
    "psycopg_pool",
    "pydantic_settings",
    "stamina",
    "structlog",
]
"""Slow imports, done once in the process from which the children are forked."""


def run_dagster(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    """Run `dagster ARGUMENTS` in a new process group; end the process."""
    os.setsid()
    with log.open("a") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(environment)
    from dagster._cli import cli

    cli.main([*arguments], prog_name="dagster")
