"""A record, and what LML says about it."""

import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.writer_harness import WriterHarness


@pytest.fixture
def harness(backend_db: BackendDb, opened: Database) -> WriterHarness:
    return WriterHarness(backend_db, opened)
