"""Looks at what a killed run left behind."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import dagster as dg

from wxyc_assets_tests.e2e.proofs.children import Starter
from wxyc_assets_tests.e2e.proofs.dagster_storage import dagster_instance, materialized_ranges
from wxyc_assets_tests.e2e.proofs.moments import Watch
from wxyc_assets_tests.e2e.proofs.small_world import RANGES, ServedLml
from wxyc_assets_tests.e2e.proofs.tables import Tables, assert_same, read_tables


@dataclass(slots=True)
class CrashCheck:
    """Over one small world; `expected` is what a run without trouble makes of it."""

    watch: Watch
    instance: dg.DagsterInstance
    expected: Tables
    world_began: datetime
    _stored: set[int] = field(default_factory=set[int])
    _asked: int = 0

    def __post_init__(self) -> None:
        self._asked = len(self.watch.lml.witness.asked)

    def look(self) -> None:
        """Once a run has ended, in whatever way; it may have taken a range or all of them."""
        self.watch.wait_until_nobody_is_connected()
        asked = self.watch.lml.witness.since(self._asked)
        assert self._stored.isdisjoint(asked), "a stored answer was asked for again"
        tables = read_tables(self.watch.database_url, self.world_began)
        for id_range in RANGES:
            if id_range.key in self.shown:
                assert_same(tables.within(id_range), self.expected.within(id_range))
        self._stored = self.watch.stored()
        self._asked += len(asked)

    def look_at_the_end(self) -> None:
        """Once a run has succeeded: nothing tells that others were killed before it."""
        self.look()
        assert self.shown == {each.key for each in RANGES}
        assert_same(read_tables(self.watch.database_url, self.world_began), self.expected)

    @property
    def shown(self) -> set[str]:
        """The ranges that people see as materialized."""
        return materialized_ranges(self.instance)


@contextmanager
def crash_check(
    starter: Starter, lml: ServedLml, expected: Tables, world_began: datetime
) -> Generator[CrashCheck]:
    """Over the world that `starter` starts children on."""
    watch = Watch(starter.database_url, starter.dagster_url, lml)
    with dagster_instance(starter.folder / "our_own_home", starter.dagster_url) as instance:
        yield CrashCheck(watch, instance, expected, world_began)
