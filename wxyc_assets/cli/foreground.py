"""Commands that stay until they are told to end, in whatever way that is."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import FrameType

TOLD_TO_END = (signal.SIGTERM, signal.SIGHUP)


def leave_when_told() -> None:
    """From now on SIGTERM and SIGHUP unwind us, as Ctrl-C does."""
    for number in TOLD_TO_END:
        signal.signal(number, _leave)


def run_in_foreground(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code of a command, as a shell says it; what tells us to end tells the command.

    Ctrl-C reaches it without us: a terminal tells the whole group.
    """
    with subprocess.Popen(command, env=environment) as child:

        def pass_on(number: int, _: FrameType | None) -> None:
            if number in TOLD_TO_END:
                child.terminate()

        for number in (signal.SIGINT, *TOLD_TO_END):
            signal.signal(number, pass_on)
        code = child.wait()
    return code if code >= 0 else 128 - code


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
