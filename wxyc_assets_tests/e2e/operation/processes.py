"""Commands run as an operator runs them."""

import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import stamina

from wxyc_assets_tests.support.warm.programs import PROGRAMS, warm_bin

BIN = Path(sys.executable).parent


def warm_program(program: str) -> Path:
    """Return a program of the virtual environment; the slow ones are forked from a warm one."""
    return (warm_bin() if program in PROGRAMS else BIN) / program


def run_program(
    *command: str, env: Mapping[str, str], cwd: Path, timeout: float = 900
) -> subprocess.CompletedProcess[str]:
    """Run a program of the virtual environment; capture its output, accept any exit code."""
    program, *arguments = command
    return subprocess.run(
        [warm_program(program), *arguments],
        env={**env, "PYTHONWARNINGS": "ignore"},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@contextmanager
def running(
    *commands: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path
) -> Generator[None]:
    """Run programs of the virtual environment until the end of the block, logging to `log`."""
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        for program, *arguments in commands:
            process = subprocess.Popen(
                [warm_program(program), *arguments],
                env={**env, "PYTHONWARNINGS": "ignore"},
                cwd=cwd,
                stdout=output,
                stderr=output,
            )
            stack.enter_context(process)
            stack.callback(process.terminate)
        yield


def free_port() -> int:
    """Return a TCP port that is free on 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class NotYet(Exception):
    """The awaited condition is not met yet."""


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll about every second for up to 15 minutes; a failed connection counts as not yet."""
    for attempt in stamina.retry_context(
        on=(NotYet, httpx.TransportError),
        attempts=None,
        timeout=900,
        wait_initial=0.2,
        wait_max=1,
        wait_jitter=0,
    ):
        with attempt:
            if not condition():
                raise NotYet
