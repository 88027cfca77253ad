"""Commands that run in the foreground until they are signalled to stop."""

import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from wxyc_assets.cli.console import fail

STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def exit_on_signals() -> None:
    """Make SIGTERM and SIGHUP unwind this process, as Ctrl-C does."""
    for number in STOP_SIGNALS:
        signal.signal(number, _exit)


def require_free_port(port: int) -> None:
    """Exit with code 1 if a port of 127.0.0.1 is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            fail(f"Port {port} cannot be used ({error.strerror}): choose another with --port.")


def run_in_foreground(
    command: Sequence[str], environment: Mapping[str, str], folder: Path | None = None
) -> int:
    """Run a command in a folder (or here), forward stop signals to it and return its exit code.

    Ctrl-C is not forwarded, since a terminal signals the whole process group. Handling these
    signals also keeps the command from inheriting an ignored one: Dagster's servers would never
    stop.
    """
    started: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def forward(number: int, _: FrameType | None) -> None:
        if not started:
            early.append(number)
        elif number in STOP_SIGNALS:
            started[0].terminate()

    for number in (signal.SIGINT, *STOP_SIGNALS):
        signal.signal(number, forward)
    with subprocess.Popen(command, env=environment, cwd=folder) as child:
        started.append(child)
        if early:  # the child may have run before `Popen` returned
            child.terminate()
        code = child.wait()
    return code if code >= 0 else 128 - code


def _exit(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
