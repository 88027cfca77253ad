"""Programs of the virtual environment without the seconds in which they import their libraries."""

import atexit
import shlex
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

PROGRAMS = (
    "python", "dagster", "dagster-daemon", "dagster-webserver", "dg", "wxyc-assets", "wxyc-sandbox",
)  # fmt: skip
HERE = Path(__file__).parent
FORKED = """#!/bin/sh
exec {client} "$@"
"""
PYTHON = """#!/bin/sh
case "$1" in
  -B | -u | -W* | -c | -m) exec {client} "$@" ;;
  *) exec {python} "$@" ;;
esac
"""
"""A script stays the child of its caller: Dagster's mirrors of a step's output end without it."""


@cache
def warm_bin() -> Path:
    """Return a folder of commands that are forked from one warm interpreter.

    They are the console scripts of the virtual environment, with their own environment, open files,
    signals and exit code, but not its process as their parent. What they start as `sys.executable`
    is forked as well. The interpreter ends with this process.
    """
    folder = tempfile.TemporaryDirectory(prefix="wxyc-warm-")
    bin = Path(folder.name)
    for program in PROGRAMS:
        client = shlex.join([sys.executable, "-IS", str(HERE / "client.py"), str(bin / program)])
        script = PYTHON if program == "python" else FORKED
        (bin / program).write_text(script.format(client=client, python=shlex.quote(sys.executable)))
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
