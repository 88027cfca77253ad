from collections.abc import Generator

import pytest

from wxyc_assets_tests.integration.flows.station import IdentityHarness


@pytest.fixture
def station(sample_library: str) -> Generator[IdentityHarness]:
    made = IdentityHarness(sample_library)
    with made.backend_db:
        yield made
