"""Verification of what an interrupted run leaves behind."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import dagster as dg

from wxyc_assets_tests.e2e.proofs.breakpoints import RunObserver
from wxyc_assets_tests.e2e.proofs.children import RunStarter
from wxyc_assets_tests.e2e.proofs.dagster_storage import dagster_instance, materialized_ranges
from wxyc_assets_tests.e2e.proofs.small_library import RANGES, ServedLml
from wxyc_assets_tests.e2e.proofs.tables import Tables, assert_same, read_tables


@dataclass(slots=True)
class CrashCheck:
    """Checks one small library; `expected` are its tables after an undisturbed run."""

    observer: RunObserver
    instance: dg.DagsterInstance
    expected: Tables
    seeded_at: datetime
    _stored: set[int] = field(default_factory=set[int])
    _asked: int = 0

    def __post_init__(self) -> None:
        self._asked = len(self.observer.lml.asked_records.asked)

    def verify(self) -> None:
        """Assert that an ended run kept its answers, and wrote its materialized ranges correctly.

        The run may have ended in any way, over one range or all.
        """
        self.observer.wait_until_disconnected()
        asked = self.observer.lml.asked_records.since(self._asked)
        assert self._stored.isdisjoint(asked), "a stored answer was requested again"
        tables = read_tables(self.observer.database_url, self.seeded_at)
        materialized = self.materialized
        for id_range in RANGES:
            if id_range.key in materialized:
                assert_same(tables.within(id_range), self.expected.within(id_range))
        self._stored = self.observer.stored()
        self._asked += len(asked)

    def verify_final_state(self) -> None:
        """Assert, after a successful run, that the interrupted runs before it left no trace."""
        self.verify()
        assert self.materialized == {each.key for each in RANGES}
        assert_same(read_tables(self.observer.database_url, self.seeded_at), self.expected)

    @property
    def materialized(self) -> set[str]:
        """The keys of the ranges that the UI shows as materialized."""
        return materialized_ranges(self.instance)


@contextmanager
def crash_check(
    starter: RunStarter, lml: ServedLml, expected: Tables, seeded_at: datetime
) -> Generator[CrashCheck]:
    """Open a check of the library that `starter` runs on."""
    observer = RunObserver(starter.database_url, starter.dagster_url, lml)
    with dagster_instance(starter.folder / "our_own_home", starter.dagster_url) as instance:
        yield CrashCheck(observer, instance, expected, seeded_at)
