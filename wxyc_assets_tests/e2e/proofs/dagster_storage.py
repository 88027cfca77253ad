"""Dagster's storage in PostgreSQL, read from outside a run."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from wxyc_assets.defs.library_identity import LIBRARY_IDENTITY


@contextmanager
def dagster_instance(home: Path, url: str) -> Generator[dg.DagsterInstance]:
    """Open the instance on a database, creating Dagster's tables if they are missing."""
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text(f"storage: {{postgres: {{postgres_url: '{url}'}}}}")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def materialized_ranges(instance: dg.DagsterInstance) -> set[str]:
    """Return the keys of the ranges whose identities Dagster shows as materialized."""
    return instance.get_materialized_partitions(LIBRARY_IDENTITY)
