"""A full /dev/shm: `.ci/with-shm` gives the tests one of their own, as root and as anyone else."""

import subprocess
import sys
from pathlib import Path

import pytest

WITH_SHM = Path(__file__).parents[3] / ".ci" / "with-shm"
FILL = "mount -t tmpfs -o size=1m tmpfs /dev/shm && ! cp /dev/zero /dev/shm/full 2>/dev/null"
WITHOUT_CAPABILITIES = "setpriv --inh-caps=-all --ambient-caps=-all"
LOCK = "import multiprocessing; multiprocessing.Lock()"


def run_where_it_is_full(uid: int, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command as that user of a namespace in which /dev/shm has no room."""
    namespaces = ["--user", f"--map-user={uid}", f"--map-group={uid}", "--keep-caps", "--mount"]
    script = f'{FILL} && exec {WITHOUT_CAPABILITIES} "$@"'
    return subprocess.run(
        ["unshare", *namespaces, "sh", "-c", script, "sh", *command],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(params=[0, 1234], ids=["root", "anyone"])
def uid(request: pytest.FixtureRequest) -> int:
    """A user, where the kernel lets this one be it in a namespace."""
    tried = run_where_it_is_full(request.param, "true")
    if tried.returncode:
        pytest.skip(f"no namespaces here: {tried.stderr.strip()}")
    return request.param


def test_a_full_one_is_replaced_for_the_command(uid: int) -> None:
    without = run_where_it_is_full(uid, sys.executable, "-c", LOCK)
    assert "No space left on device" in without.stderr
    replaced = run_where_it_is_full(uid, WITH_SHM, sys.executable, "-c", LOCK)
    assert replaced.returncode == 0, replaced.stderr


def test_the_command_gets_no_rights_that_its_user_lacks(uid: int) -> None:
    rights = "import re; print(re.findall('CapEff:.*', open('/proc/self/status').read()))"
    tried = run_where_it_is_full(uid, WITH_SHM, sys.executable, "-c", rights)
    assert ("CapEff:\\t0000000000000000" in tried.stdout) == (uid != 0), tried
