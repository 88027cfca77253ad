"""A pretend live application that updates and deletes library rows during a run."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

import psycopg
from psycopg import errors

from wxyc_assets_tests.e2e.proofs.tables import open_connection

UPDATES_AT_ONCE = 12

Connection = psycopg.Connection[dict]


@dataclass(slots=True)
class Application:
    """The application and its work so far."""

    seed: int
    plays: int = 0
    deleted: set[int] = field(default_factory=set[int])
    deadlocks: int = 0

    def work(self, url: str, stop: threading.Event) -> None:
        """Update and delete records until told to stop."""
        random = Random(f"application {self.seed}")
        with open_connection(url) as connection:
            ids = [row["id"] for row in connection.execute("select id from library order by id")]
            while not stop.is_set():
                with self._tolerating_conflicts():
                    self._play(connection, random.sample(ids, UPDATES_AT_ONCE))
                with self._tolerating_conflicts():
                    self._delete(connection, random.choice(ids))

    def _play(self, connection: Connection, ids: list[int]) -> None:
        """Update records in random order, so that its locks conflict with a run's."""
        with connection.transaction():
            for library_id in ids:
                connection.execute(
                    "update library set plays = plays + 1 where id = %s", [library_id]
                )
        self.plays += 1

    def _delete(self, connection: Connection, library_id: int) -> None:
        with connection.transaction():
            for statement in (
                "delete from library_identity_source where library_id = %s",
                "delete from library_identity where library_id = %s",
                "delete from library where id = %s",
            ):
                connection.execute(statement.encode(), [library_id])
        self.deleted.add(library_id)

    @contextmanager
    def _tolerating_conflicts(self) -> Generator[None]:
        """Ignore deadlocks, and identities written while their record is deleted.

        The application would retry both.
        """
        try:
            yield
        except errors.ForeignKeyViolation:
            pass
        except errors.DeadlockDetected:
            self.deadlocks += 1


@contextmanager
def application(url: str, *, seed: int) -> Generator[Application]:
    """Run the application until the end of the block."""
    running, stop = Application(seed), threading.Event()
    thread = threading.Thread(target=running.work, args=(url, stop), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        stop.set()
        thread.join()
