"""A Docker engine in namespaces of its own, made by `deploy/try-image`."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

PROJECT = Path(__file__).parents[3]
ADDRESS = "10.77.0.1"
"""This machine, for the containers."""
PROGRAMS = ("unshare", "nsenter", "debootstrap")
STAYS = ("sh", "-c", "echo ready; exec cat")
NETWORK_NAMESPACE = 0x40000000
ENTER = """cd "$0" && exec "$@" """


class EngineFailed(RuntimeError):
    """The engine did not start, or a command in it failed; the message is the output."""


def missing_requirement() -> str | None:
    """Return the reason that this machine cannot run an engine, or None."""
    if os.geteuid() != 0:
        return "it requires root"
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine; `pid` is the first process of its namespaces."""

    pid: int

    def run(
        self, *command: str, folder: Path = PROJECT, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command beside the engine, in a folder of this machine; accept any exit code."""
        namespaces = ("--mount", "--net", "--uts", "--ipc", "--pid")
        return subprocess.run(
            ["nsenter", "--target", str(self.pid), *namespaces, "--",
             "sh", "-c", ENTER, f"/host{folder}", *command],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip

    def docker(
        self, *arguments: str, folder: Path = PROJECT, env: Mapping[str, str] | None = None
    ) -> str:
        """Return the output of `docker`; raises EngineFailed."""
        done = self.run("docker", *arguments, folder=folder, env=env)
        if done.returncode:
            raise EngineFailed(f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout.strip()


@contextmanager
def run_engine() -> Generator[Engine]:
    """Run an engine, with this thread in its network, until the end of the block."""
    command = [PROJECT / "deploy" / "try-image", *STAYS]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdin
        assert process.stdout
        if process.stdout.readline() != "ready\n":
            raise EngineFailed("deploy/try-image has ended")
        (unshare,) = psutil.Process(process.pid).children()
        (first,) = unshare.children()
        with _inside_network(first.pid):
            yield Engine(first.pid)
        process.stdin.close()


@contextmanager
def _inside_network(pid: int) -> Generator[None]:
    """Move this thread, and what it starts, into the network of a process, and back."""
    with Path("/proc/self/ns/net").open() as ours, Path(f"/proc/{pid}/ns/net").open() as theirs:
        _set_network(theirs.fileno())
        try:
            yield
        finally:
            _set_network(ours.fileno())


def _set_network(file: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(file, NETWORK_NAMESPACE):
        raise OSError(ctypes.get_errno(), "setns")
