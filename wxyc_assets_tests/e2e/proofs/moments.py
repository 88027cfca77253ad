"""Moments of a run at which a child is provably inside of something.

A lock of ours holds the child up in the middle of a statement; a stalled answer makes it wait for
LML. So a moment depends on progress, and not on the speed of the machine.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString

from wxyc_assets_tests.e2e.proofs.children import Child
from wxyc_assets_tests.e2e.proofs.small_world import ServedLml
from wxyc_assets_tests.e2e.proofs.tables import connected, value
from wxyc_assets_tests.support.waiting import wait_for
from wxyc_sandbox.lml.faults import Fault, Kind

# In share mode: others may read the table, but not write it.
HELD_UP: dict[str, LiteralString] = {
    "finding candidates": "lock table library_candidate in share mode",
    "storing answers": "lock table lml_resolution in share mode",
    "writing identities": "lock table library_identity in share mode",
    "writing sources": "lock table library_identity_source in share mode",
    "writing credits": "lock table compilation_track_artist in share mode",
    "dating attempts": "lock table library in share mode",
    "reporting": "lock table event_logs in share mode",
}
STALLED: dict[str, Kind] = {"asking": "stalled_head", "hearing an answer": "stalled_body"}
ANYWHERE = "anywhere"
MOMENTS = (*HELD_UP, *STALLED, ANYWHERE)

COUNT_STORED = "select count(*) from lml_resolution"
COUNT_HELD_UP = "select count(*) from pg_stat_activity where %s = any(pg_blocking_pids(pid))"
COUNT_CLIENTS = (
    "select count(*) from pg_stat_activity where backend_type = 'client backend' "
    "and datname = current_database() and pid <> pg_backend_pid()"
)


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks from outside at what a child does."""

    database_url: str
    dagster_url: str
    lml: ServedLml

    @contextmanager
    def catch(self, child: Child, moment: str, *, after: int) -> Generator[bool]:
        """Holds the child in the moment once `after` more answers are stored.

        False when it ended before.
        """
        with connected(self.database_url) as eye:
            goal = value(eye, COUNT_STORED) + after
            came_so_far = child.wait_until(lambda: value(eye, COUNT_STORED) >= goal)
        if not came_so_far or moment == ANYWHERE:
            yield came_so_far
        elif moment in STALLED:
            with self._stalled(child, STALLED[moment]) as caught:
                yield caught
        else:
            with self._held_up(child, moment) as caught:
                yield caught

    @contextmanager
    def _stalled(self, child: Child, kind: Kind) -> Generator[bool]:
        calls = self.lml.calls
        self.lml.break_with(Fault(kind, route="resolve"))
        yield child.wait_until(lambda: self.lml.calls > calls)
        self.lml.mend()

    @contextmanager
    def _held_up(self, child: Child, moment: str) -> Generator[bool]:
        url = self.dagster_url if moment == "reporting" else self.database_url
        with connected(url) as ours, connected(url) as eye, ours.transaction():
            ours.execute(HELD_UP[moment])
            pid = ours.info.backend_pid
            yield child.wait_until(lambda: value(eye, COUNT_HELD_UP, pid) > 0)

    def wait_until_nobody_is_connected(self) -> None:
        """The server ends what a killed client had begun before it notices the death."""
        for url in (self.database_url, self.dagster_url):
            with connected(url) as eye:
                wait_for(lambda eye=eye: value(eye, COUNT_CLIENTS) == 0)

    def stored(self) -> set[int]:
        """The library rows with a stored answer."""
        with connected(self.database_url) as eye:
            rows = eye.execute("select library_id from lml_resolution").fetchall()
        return {row["library_id"] for row in rows}
