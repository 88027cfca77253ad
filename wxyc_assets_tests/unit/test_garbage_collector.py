"""The garbage collector is paused for a block, and only for it."""

import gc
from collections.abc import Generator
from contextlib import suppress

import pytest

from wxyc_assets import garbage_collector


@pytest.fixture(autouse=True)
def enabled_afterwards() -> Generator[None]:
    yield
    gc.enable()


def test_it_works_again_after_an_error() -> None:
    with suppress(ValueError), garbage_collector.paused():
        assert not gc.isenabled()
        raise ValueError("a bad setting")
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    gc.disable()
    with garbage_collector.paused():
        pass
    assert not gc.isenabled()
