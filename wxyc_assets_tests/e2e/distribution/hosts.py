"""Machines made of namespaces, in a network of their own.

The whole site runs in namespaces, too: its bridge has no route out, and the kernel removes
everything with the site's first process, however that ends.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

INSIDE = "WXYC_SITE"
BRIDGE = "site"
SITE_ADDRESS = "10.77.0.1"
PROGRAMS = ("ip", "unshare", "mount", "redis-server", "faketime")
NAMESPACES = ("--mount", "--pid", "--fork", "--kill-child", "--mount-proc")

TRY_NAMESPACES = """
mount -t tmpfs tmpfs /run && mkdir /run/netns && ip netns add tried && ip link add tried type bridge
"""

# The disk is readable (the code) but not writable; the site's own files, PostgreSQL's included, are
# hidden. A host that can write nevertheless does not start.
START_HOST = """
set -e
hostname "$1"
mount -t tmpfs tmpfs "$2"
mount -t tmpfs tmpfs /dev/shm
while read -r _ _ _ _ folder _; do
  case "$folder" in
    "$2" | /proc* | /sys* | /dev* | /run*) ;;
    *) mount -o remount,bind,ro "$(printf %b "$folder")" ;;
  esac
done < /proc/self/mountinfo
mkdir "$HOME" "$TMPDIR" "$DAGSTER_HOME"
for folder in / /tmp "$(dirname "$2")"; do
  if touch "$folder/written-by-$1" 2>/dev/null; then
    echo "$1 can write to $folder" >&2
    exit 3
  fi
done
shift 2
exec "$@"
"""


class SiteFailed(RuntimeError):
    """The machines could not be set up; the message is the command's output."""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine with an address, a name, a disk and processes of its own."""

    name: str
    address: str
    process: subprocess.Popen[bytes]
    console: Path

    def route_out(self) -> str:
        """Return its default route; empty if it reaches its own network only."""
        return _run_command(f"ip -n {self.name} route show default")

    def kill(self) -> None:
        """Send SIGKILL to its first process, and thereby, by the kernel, to all of them."""
        self.process.kill()
        self.process.wait()


def missing_requirement() -> str | None:
    """Return the reason that this machine cannot run a site, or None."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "it requires root on Linux"
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"not installed: {', '.join(missing)}"
    tried = _in_namespaces(["sh", "-c", TRY_NAMESPACES])
    done = subprocess.run(tried, capture_output=True, text=True, check=False)
    return f"no namespaces: {done.stderr.strip()}" if done.returncode else None


def enter_site(command: Sequence[str]) -> NoReturn:
    """Replace this process by `command` in new namespaces."""
    os.environ[INSIDE] = "1"
    os.execvp("unshare", _in_namespaces(command))


def inside_site() -> bool:
    return INSIDE in os.environ


def _in_namespaces(command: Sequence[str]) -> list[str]:
    return ["unshare", "--net", *NAMESPACES, *command]


def build_network() -> None:
    """Create a bridge with the site's address and no route out."""
    _run_command("mount -t tmpfs tmpfs /run")
    _run_command("mkdir /run/netns")
    _run_command("ip link set lo up")
    _run_command(f"ip link add {BRIDGE} type bridge")
    _run_command(f"ip address add {SITE_ADDRESS}/24 dev {BRIDGE}")
    _run_command(f"ip link set {BRIDGE} up")


@contextmanager
def site_folder() -> Generator[Path]:
    """Yield a folder in memory, which is gone with the site, however that ends."""
    with tempfile.TemporaryDirectory(prefix="wxyc-") as folder:
        _run_command(f"mount -t tmpfs -o mode=711 tmpfs {folder}")
        try:
            yield Path(folder)
        finally:
            _run_command(f"umount --lazy {folder}")


@contextmanager
def host(
    number: int, home: Path, command: Sequence[str], environment: Mapping[str, str]
) -> Generator[Host]:
    """Run a machine that executes one command; its output is logged in `home`.

    Its disk has the files of this machine, read-only, and nothing at `home`.
    """
    name, address = f"host{number}", f"10.77.0.{10 + number}"
    _run_command(f"ip netns add {name}")
    _run_command(f"ip link add to-{name} type veth peer name eth0 netns {name}")
    _run_command(f"ip link set to-{name} master {BRIDGE} up")
    _run_command(f"ip -n {name} address add {address}/24 dev eth0")
    for device in ("lo", "eth0"):
        _run_command(f"ip -n {name} link set {device} up")
    console = home / f"{name}.log"
    private = {"HOME": home / "own", "TMPDIR": home / "tmp", "DAGSTER_HOME": home / "dagster"}
    with console.open("wb") as log:
        process = subprocess.Popen(
            ["ip", "netns", "exec", name, "unshare", "--uts", *NAMESPACES,
             "sh", "-c", START_HOST, "sh", name, str(home), *command],
            env={**environment, **{key: str(path) for key, path in private.items()}},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )  # fmt: skip
    started = Host(name, address, process, console)
    try:
        yield started
    finally:
        started.kill()


def _run_command(command: str) -> str:
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SiteFailed(f"{command}: {done.stderr.strip()}")
    return done.stdout.strip()
