"""A station for the tests of the flows."""

from collections.abc import Generator

import pytest

from wxyc_assets_tests.integration.flows.station import IdentityHarness


@pytest.fixture
def station(stocked: str) -> Generator[IdentityHarness]:
    made = IdentityHarness(stocked)
    with made.shelf:
        yield made
