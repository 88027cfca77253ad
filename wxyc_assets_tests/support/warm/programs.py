"""Programs of the virtual environment without the seconds in which they import their libraries."""

import atexit
import shlex
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

PROGRAMS = ("python", "dagster", "wxyc-assets", "wxyc-sandbox")
HERE = Path(__file__).parent


@cache
def warm_bin() -> Path:
    """Return a folder of commands that are forked from one warm interpreter.

    They are the console scripts of the virtual environment, with their own environment, open files,
    signals and exit code, but not its process as their parent. What they start is cold. The
    interpreter ends with this process.
    """
    folder = tempfile.TemporaryDirectory(prefix="wxyc-warm-")
    bin = Path(folder.name)
    for program in PROGRAMS:
        command = shlex.join([sys.executable, "-IS", str(HERE / "client.py"), str(bin / program)])
        (bin / program).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (bin / program).chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, HERE / "server.py", bin],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert server.stdin
    assert server.stdout
    assert server.stdout.readline() == b"ready\n"

    def stop() -> None:
        server.communicate()
        folder.cleanup()

    atexit.register(stop)
    return bin
