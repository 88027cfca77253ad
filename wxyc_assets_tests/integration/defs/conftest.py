"""A Dagster instance as production has it."""

import shutil
from collections.abc import Generator
from pathlib import Path

import dagster as dg
import pytest

from wxyc_sandbox.station import DAGSTER_YAML


@pytest.fixture
def production_instance(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[dg.DagsterInstance]:
    """An instance of our dagster.yaml, in an empty database."""
    shutil.copy(DAGSTER_YAML, tmp_path)
    monkeypatch.setenv("DAGSTER_PG_URL", database)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance
