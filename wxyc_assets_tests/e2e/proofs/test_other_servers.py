"""The graph on older PostgreSQL versions, production's among them."""

import tempfile
from collections.abc import Generator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from wxyc_assets_tests.conftest import _fresh_database
from wxyc_assets_tests.e2e.proofs.conftest import (
    SMALL_LIBRARY_TEMPLATE,
    Baseline,
    make_small_library,
)
from wxyc_assets_tests.e2e.proofs.graph_runs import Graph
from wxyc_assets_tests.e2e.proofs.small_library import ServedLml
from wxyc_assets_tests.e2e.proofs.tables import assert_same, read_tables
from wxyc_assets_tests.support.other_servers import binaries
from wxyc_sandbox.postgres import Postgres

pytestmark = pytest.mark.other_server


@pytest.fixture(scope="module", params=[14, 15])
def older_server(request: pytest.FixtureRequest, seeded_at: datetime) -> Generator[Postgres]:
    """A server of this version with the small library."""
    version = request.param
    with tempfile.TemporaryDirectory(prefix="wxyc-") as home:
        Path(home).chmod(0o711)
        bin = binaries(f"POSTGRES_{version}_BIN")
        with Postgres(Path(home) / "postgres", bin, durable=False) as server:
            with psycopg.connect(server.url("postgres")) as connection:
                assert connection.info.server_version // 10_000 == version
            make_small_library(server, seeded_at)
            yield server


def test_another_server_ends_in_the_same_tables(
    older_server: Postgres, lml: ServedLml, baseline: Baseline, seeded_at: datetime
) -> None:
    with _fresh_database(older_server, template=SMALL_LIBRARY_TEMPLATE) as url:
        graph = Graph(url, lml.url)
        assert graph.run().succeeded
        assert_same(read_tables(url, seeded_at), baseline.first)
        assert graph.run(everything_is_due=True).succeeded
        assert_same(read_tables(url, seeded_at), baseline.second)
