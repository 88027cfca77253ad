"""A Redis that may be killed, and a Celery worker."""

import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from wxyc_assets_tests.e2e.distribution.site import WORKER_YAML
from wxyc_assets_tests.e2e.operation.processes import BIN
from wxyc_assets_tests.e2e.proofs.children import RunStarter
from wxyc_assets_tests.support.waiting import wait_for

QUEUE = "dagster"


@dataclass(slots=True)
class Redis:
    """A Redis on a Unix socket, without persistence: killed, it has lost what was queued."""

    folder: Path
    _process: subprocess.Popen[bytes] | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a run and of a worker."""
        address = f"redis+socket://{self._socket}?virtual_host="
        return {"CELERY_BROKER_URL": f"{address}0", "CELERY_RESULT_BACKEND": f"{address}1"}

    def start(self) -> None:
        options = ("--port", "0", "--unixsocket", str(self._socket), "--save", "")
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["redis-server", *options], cwd=self.folder, stdout=log, stderr=log
            )
        wait_for(self._answers)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def queued(self) -> int:
        """Return the number of steps that no worker has taken."""
        with redis.Redis(unix_socket_path=str(self._socket)) as client:
            return sum(client.llen(key) for key in client.scan_iter(f"{QUEUE}*", _type="list"))

    @property
    def _socket(self) -> Path:
        return self.folder / "redis.sock"

    def _answers(self) -> bool:
        with redis.Redis(unix_socket_path=str(self._socket)) as client:
            return client.ping()


@contextmanager
def worker(starter: RunStarter) -> Generator[None]:
    """Run a worker as docs/scaling.md starts it."""
    command = (str(BIN / "dagster-celery"), "worker", "start", "-A", "dagster_celery.app", "-y")
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"  # it calls `celery`
    with (starter.folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, str(WORKER_YAML), "--", "--concurrency=1"],
            env={**starter.environment, "PATH": path, "PYTHONWARNINGS": "ignore"},
            cwd=starter.folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # `celery` and its own worker, too
            process.wait()
