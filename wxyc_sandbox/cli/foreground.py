"""Commands that stay until they are told to end, in whatever way that is."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

TOLD_TO_END = (signal.SIGTERM, signal.SIGHUP)


def leave_when_told() -> None:
    """From now on SIGTERM and SIGHUP unwind us, as Ctrl-C does."""
    for number in TOLD_TO_END:
        signal.signal(number, _leave)


def run_in_foreground(
    command: Sequence[str], environment: Mapping[str, str], folder: Path | None = None
) -> int:
    """The exit code of a command in a folder (or here); what tells us to end tells the command.

    Ctrl-C reaches it without us: a terminal tells the whole group. What we listen to, the command
    does not ignore, even if we were started so: Dagster's servers would not end then.
    """
    started: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        if not started:
            _leave(number, frame)
        elif number in TOLD_TO_END:
            started[0].terminate()

    for number in (signal.SIGINT, *TOLD_TO_END):
        signal.signal(number, pass_on)
    with subprocess.Popen(command, env=environment, cwd=folder) as child:
        started.append(child)
        code = child.wait()
    return code if code >= 0 else 128 - code


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
