"""Fixtures: a library whose records lie in many ranges, and the graph over it."""

from collections.abc import Generator

import dagster as dg
import pytest

from wxyc_assets_tests.conftest import CopyOf
from wxyc_assets_tests.integration.defs.identity_graph.graph import (
    STEP,
    IdentityGraph,
)
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.sample_library import few_credits, fill_sample_library
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.postgres import Postgres


@pytest.fixture(scope="module")
def spread_template(postgres: Postgres, copy_of: CopyOf, assets_template: str) -> Generator[str]:
    """A small library whose records lie in many ranges."""
    with copy_of(assets_template) as url:
        with BackendDb(url) as backend_db:
            fill_sample_library(backend_db, step=STEP)
            name = backend_db.value("select current_database()")
        yield name


@pytest.fixture
def station(copy_of: CopyOf, spread_template: str) -> Generator[IdentityGraph]:
    pretend = PretendLml(AT_ONCE, credits=few_credits)
    with (
        copy_of(spread_template) as url,
        BackendDb(url) as backend_db,
        serve(pretend) as lml_url,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        yield IdentityGraph(backend_db, pretend, lml_url, instance)
