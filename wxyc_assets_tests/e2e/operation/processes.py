"""Commands as an operator types them."""

import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import stamina

BIN = Path(sys.executable).parent


def run_program(
    *command: str, env: Mapping[str, str], cwd: Path, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Runs a program of our virtual environment; its output is kept, its exit code not judged."""
    program, *arguments = command
    return subprocess.run(
        [str(BIN / program), *arguments],
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
    """Programs of our virtual environment, until the end of the block; `log` has their words."""
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        for program, *arguments in commands:
            process = subprocess.Popen(
                [BIN / program, *arguments],
                env={**env, "PYTHONWARNINGS": "ignore"},
                cwd=cwd,
                stdout=output,
                stderr=output,
            )
            stack.enter_context(process)
            stack.callback(process.terminate)
        yield


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class NotYet(Exception):
    """What we wait for did not happen so far."""


def wait_until(happened: Callable[[], bool]) -> None:
    """Looks about every second, for up to four minutes; nobody listening counts as not yet."""
    for attempt in stamina.retry_context(
        on=(NotYet, httpx.TransportError),
        attempts=None,
        timeout=240,
        wait_initial=0.2,
        wait_max=1,
        wait_jitter=0,
    ):
        with attempt:
            if not happened():
                raise NotYet
