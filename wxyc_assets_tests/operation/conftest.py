"""A small station of its own for tests that work from outside, with real processes."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from wxyc_assets.sandbox.station import Station, run_station


@pytest.fixture(scope="module")
def project() -> Generator[Path]:
    """A folder that PostgreSQL's user can reach, too."""
    with tempfile.TemporaryDirectory(prefix="wxyc-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="module")
def station(project: Path) -> Generator[Station]:
    with run_station(project, scale=0.01) as running:
        yield running
