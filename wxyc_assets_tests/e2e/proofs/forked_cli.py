"""Entry point of a forked child: Dagster's command line in an environment of its own.

Nothing that reads the environment is imported here: the child must read its own. The layers below
`wxyc_assets.defs` do not.
"""

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from wxyc_assets_tests.support.warm.server import PRELOADED as SLOW_LIBRARIES

PRELOADED = [
    __name__,
    *SLOW_LIBRARIES,
    "wxyc_assets.adapters.lml.client",
    "wxyc_assets.adapters.postgres.artwork_store",
    "wxyc_assets.flows.artwork.pipeline",
    "wxyc_assets.flows.identity.pipeline",
    "wxyc_assets.telemetry.sentry",
]
"""Slow imports, done once in the process from which the children are forked."""


def run_dagster(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    """Run `dagster ARGUMENTS` in a new process group; end the process."""
    gc.freeze()  # what is shared with the parent is neither examined nor copied
    os.setsid()
    with log.open("a") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(environment)
    from dagster._cli import cli

    cli.main([*arguments], prog_name="dagster")
