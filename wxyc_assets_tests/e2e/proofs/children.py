"""Real runs in child processes, forked from one that has already imported Dagster."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from time import monotonic
from typing import Protocol

from wxyc_assets_tests.e2e.proofs.forked_cli import PRELOADED, run_dagster
from wxyc_assets_tests.e2e.proofs.small_library import CEILING, RANGE_WIDTH
from wxyc_assets_tests.support.waiting import POLL_SECONDS, TIMEOUT_SECONDS

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(PRELOADED)


class Process(Protocol):
    """The part of a multiprocessing process that is used here."""

    pid: int | None
    exitcode: int | None
    sentinel: int

    def join(self) -> None: ...


@dataclass(slots=True)
class Child:
    """A run that can be killed together with its process group."""

    process: Process
    log: Path

    @property
    def pid(self) -> int:
        assert self.process.pid
        return self.process.pid

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """Wait for a condition; return False if the child ended before."""
        deadline = monotonic() + TIMEOUT_SECONDS
        while not condition():
            if wait([self.process.sentinel], POLL_SECONDS):
                return False
            assert monotonic() < deadline, f"condition not met:\n{self.output}"
        return True

    def kill(self) -> None:
        """Kill the process group and wait for its end."""
        os.killpg(self.pid, signal.SIGKILL)
        self.process.join()

    def finish(self) -> int:
        """Wait for the child's end; return its exit code."""
        assert wait([self.process.sentinel], TIMEOUT_SECONDS), (
            f"the child does not end:\n{self.output}"
        )
        self.process.join()
        assert self.process.exitcode is not None
        return self.process.exitcode

    @property
    def is_alive(self) -> bool:
        """True until the process has ended."""
        return not wait([self.process.sentinel], 0)

    @property
    def output(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-60_000:]


@dataclass(frozen=True, slots=True)
class RunStarter:
    """A starter of `dagster job execute` on a small library."""

    folder: Path
    """Contains the children's logs, and `dagster.yaml` in `home`."""
    database_url: str
    dagster_url: str
    lml_url: str
    variables: dict[str, str] = field(default_factory=dict[str, str])
    location: str = "wxyc_assets.definitions"

    @property
    def home(self) -> Path:
        """The DAGSTER_HOME."""
        return self.folder / "dagster_home"

    @property
    def environment(self) -> dict[str, str]:
        """The complete environment of a child."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "DAGSTER_HOME": str(self.home),
            "DAGSTER_PG_URL": self.dagster_url,
            "DAGSTER_EVENT_BATCH_SIZE": "1000",
            "DATABASE_URL": self.database_url,
            "LIBRARY_METADATA_URL": self.lml_url,
            "LML_API_KEY": "sesame",
            "LML_RATE_PER_MIN": "0",
            "INCLUDE_NULL_CANONICAL": "1",
            "BATCH_SIZE": "20",
            "VA_BATCH_SIZE": "5",
            "LIBRARY_MAX_ID": str(CEILING),
            "LIBRARY_RANGE_WIDTH": str(RANGE_WIDTH),
            **self.variables,
        }

    def whole_library(self) -> Child:
        """Start a run over all ranges."""
        return self._start("library_identity_full")

    def one_range(self, key: str) -> Child:
        """Start a run over one range."""
        tags = f'{{"dagster/partition": "{key}"}}'
        return self._start("library_identity_job", "--tags", tags)

    def command(self, job: str, *options: str) -> tuple[str, ...]:
        """Return the arguments of `dagster` that run a job."""
        return ("job", "execute", "-m", self.location, "-j", job, *options)

    def _start(self, job: str, *options: str) -> Child:
        number = len([*self.folder.glob("child-*.log")])
        log = self.folder / f"child-{number:03d}.log"
        log.touch()
        process = _context.Process(
            target=run_dagster,
            args=(self.command(job, *options), self.environment, log),
            daemon=True,
        )
        process.start()
        child = Child(process, log)  # pyright: ignore[reportArgumentType]
        child.wait_until(lambda: os.getpgid(child.pid) == child.pid)
        return child
