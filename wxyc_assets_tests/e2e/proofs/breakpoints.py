"""Breakpoints of a run, at which a child process is paused inside a known operation.

A table lock blocks the child in the middle of a statement; a stalled answer makes it wait for LML.
A breakpoint therefore depends on progress and not on the speed of the machine.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString

from wxyc_assets_tests.e2e.proofs.children import Child
from wxyc_assets_tests.e2e.proofs.small_library import ServedLml
from wxyc_assets_tests.e2e.proofs.tables import open_connection, value
from wxyc_assets_tests.support.waiting import wait_for
from wxyc_sandbox.lml.faults import Fault, Kind

# Share mode lets others read the table but not write it.
BLOCKED_BY_LOCK: dict[str, LiteralString] = {
    "finding candidates": "lock table library_candidate in share mode",
    "storing answers": "lock table lml_resolution in share mode",
    "writing identities": "lock table library_identity in share mode",
    "writing sources": "lock table library_identity_source in share mode",
    "writing credits": "lock table compilation_track_artist in share mode",
    "recording attempts": "lock table library in share mode",
    "reporting": "lock table event_logs in share mode",
}
WAITING_FOR_LML: dict[str, Kind] = {"asking": "stalled_head", "reading an answer": "stalled_body"}
ANYWHERE = "anywhere"
RECORDS_AHEAD = 5
"""What a run may ask about beyond a breakpoint before it is seen there, and the pages in flight."""
BREAKPOINTS = (*BLOCKED_BY_LOCK, *WAITING_FOR_LML, ANYWHERE)

COUNT_STORED = "select count(*) from lml_resolution"
COUNT_BLOCKED = "select count(*) from pg_stat_activity where %s = any(pg_blocking_pids(pid))"
COUNT_CLIENTS = (
    "select count(*) from pg_stat_activity where backend_type = 'client backend' "
    "and datname = current_database() and pid <> pg_backend_pid()"
)


@dataclass(frozen=True, slots=True)
class RunObserver:
    """Observes and pauses a child process from outside."""

    database_url: str
    dagster_url: str
    lml: ServedLml

    @contextmanager
    def pause_at(self, child: Child, point: str, *, after: int) -> Generator[bool]:
        """Pause the child at a breakpoint once `after` more answers are stored.

        Yields False if the child ended before.
        """
        self.lml.gate.close_after(after + RECORDS_AHEAD)
        try:
            with open_connection(self.database_url) as observer:
                goal = value(observer, COUNT_STORED) + after
                got_there = child.wait_until(lambda: value(observer, COUNT_STORED) >= goal)
            if not got_there or point == ANYWHERE:
                yield got_there
            elif point in WAITING_FOR_LML:
                with self._waiting_for_lml(child, WAITING_FOR_LML[point]) as paused:
                    yield paused
            else:
                with self._blocked(child, point) as paused:
                    yield paused
        finally:
            self.lml.gate.open()

    @contextmanager
    def _waiting_for_lml(self, child: Child, kind: Kind) -> Generator[bool]:
        calls = self.lml.calls
        self.lml.inject(Fault(kind, route="resolve"))
        self.lml.gate.open()
        yield child.wait_until(lambda: self.lml.calls > calls)
        self.lml.clear_faults()

    @contextmanager
    def _blocked(self, child: Child, point: str) -> Generator[bool]:
        url = self.dagster_url if point == "reporting" else self.database_url
        with open_connection(url) as ours, open_connection(url) as observer, ours.transaction():
            ours.execute(BLOCKED_BY_LOCK[point])
            pid = ours.info.backend_pid
            self.lml.gate.open()
            yield child.wait_until(lambda: value(observer, COUNT_BLOCKED, pid) > 0)

    def wait_until_disconnected(self) -> None:
        """Wait until no client is connected.

        The server finishes a killed client's statement before it notices the disconnection.
        """
        for url in (self.database_url, self.dagster_url):
            with open_connection(url) as observer:
                wait_for(lambda observer=observer: value(observer, COUNT_CLIENTS) == 0)

    def stored(self) -> set[int]:
        """Return the ids of the records with a stored answer."""
        with open_connection(self.database_url) as observer:
            rows = observer.execute("select library_id from lml_resolution").fetchall()
        return {row["library_id"] for row in rows}
