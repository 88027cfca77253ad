"""The program that stands for `python` and its console scripts: the warm server runs them.

Run as `python -IS client.py PROGRAM ARGUMENT...`, with the server's socket beside PROGRAM. It waits
for the program's end, passes signals on, and ends as the program ended.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

PASSED_ON = (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2,
)  # fmt: skip
NO_SERVER = 70


def inherited() -> list[int]:
    """Return the open file descriptors."""
    files = [int(each.name) for each in Path("/proc/self/fd").iterdir()]
    return [each for each in sorted(files) if Path(f"/proc/self/fd/{each}").exists()]


def order(program: str, arguments: list[str], files: list[int], ignored: Sequence[int]) -> bytes:
    """Return what the server has to know, besides the open files themselves."""
    umask = os.umask(0)
    os.umask(umask)
    words = {
        "program": program,
        "arguments": arguments,
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "umask": umask,
        "ignored": [*ignored],
        "files": files,
    }
    return json.dumps(words).encode()


def end_of(program: str, arguments: list[str]) -> int:
    """Have the program run; return its exit code, or the negative number of its signal."""
    files = inherited()
    ignored = [each for each in PASSED_ON if signal.getsignal(each) is signal.SIG_IGN]
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.connect(str(Path(program).parent / "socket"))

        def pass_on(number: int, _: FrameType | None) -> None:
            server.send(bytes([number]))

        signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
        socket.send_fds(server, [order(program, arguments, files, ignored)], files)
        for each in {*PASSED_ON} - {*ignored}:
            signal.signal(each, pass_on)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        for each in files:
            os.close(each)
        end = server.recv(4)
    return int.from_bytes(end, "big", signed=True) if end else NO_SERVER


def main(program: str, *arguments: str) -> None:
    """Have the program run; end as it ended."""
    code = end_of(program, [*arguments])
    if code < 0:
        with suppress(OSError):  # SIGKILL has no other disposition
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


main(*sys.argv[1:])
