"""The graph on the PostgreSQL of production, and on those between it and the embedded one."""

import tempfile
from collections.abc import Generator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from wxyc_assets_tests.conftest import _fresh_database
from wxyc_assets_tests.e2e.proofs.conftest import WORLD_TEMPLATE, Untroubled, make_world
from wxyc_assets_tests.e2e.proofs.graph_runs import Graph
from wxyc_assets_tests.e2e.proofs.small_world import ServedLml
from wxyc_assets_tests.e2e.proofs.tables import assert_same, read_tables
from wxyc_assets_tests.support.other_servers import binaries
from wxyc_sandbox.postgres import Postgres

pytestmark = pytest.mark.other_server


@pytest.fixture(scope="module", params=[14, 15])
def older(request: pytest.FixtureRequest, world_began: datetime) -> Generator[Postgres]:
    """A server of that version, with the small world in it."""
    version = request.param
    with tempfile.TemporaryDirectory(prefix="wxyc-") as home:
        Path(home).chmod(0o711)
        bin = binaries(f"POSTGRES_{version}_BIN")
        with Postgres(Path(home) / "postgres", bin, durable=False) as server:
            with psycopg.connect(server.url("postgres")) as connection:
                assert connection.info.server_version // 10_000 == version
            make_world(server, world_began)
            yield server


def test_another_server_ends_in_the_same_tables(
    older: Postgres, lml: ServedLml, untroubled: Untroubled, world_began: datetime
) -> None:
    with _fresh_database(older, template=WORLD_TEMPLATE) as url:
        graph = Graph(url, lml.url)
        assert graph.run().succeeded
        assert_same(read_tables(url, world_began), untroubled.first)
        assert graph.run(everything_is_due=True).succeeded
        assert_same(read_tables(url, world_began), untroubled.second)
