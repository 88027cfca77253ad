"""What a child runs after it was forked: Dagster's command line, with an environment of its own.

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
"""What costs seconds to import, done once in the process that children are forked from."""


def run_dagster(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    """As `dagster ARGUMENTS` in a process group of its own; ends the process."""
    os.setsid()
    with log.open("a") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(environment)
    from dagster._cli import cli

    cli.main([*arguments], prog_name="dagster")
