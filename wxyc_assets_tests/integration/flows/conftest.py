from collections.abc import Generator

import pytest

from wxyc_assets_tests.integration.flows.station import Station


@pytest.fixture
def station(stocked: str) -> Generator[Station]:
    made = Station(stocked)
    with made.shelf:
        yield made
