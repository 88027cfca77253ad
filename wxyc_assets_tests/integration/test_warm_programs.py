"""A command that is forked from a warm interpreter is told from a fresh one by its speed only."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from wxyc_assets_tests.support.waiting import wait_for
from wxyc_assets_tests.support.warm.programs import warm_bin

STAYS = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"


def run(*command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    program, *arguments = command
    return subprocess.run(
        [warm_bin() / program, *arguments], capture_output=True, text=True, check=False, **options
    )


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("pass", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('no')", 1),
        ("1 / 0", 1),
        ("import os; os._exit(4)", 4),
        ("import os; os.kill(os.getpid(), 9)", -9),
        ("import os; os.kill(os.getpid(), 15)", -15),
        ("import atexit, os; atexit.register(os._exit, 5)", 5),
    ],
)
def test_its_end_is_passed_on(code: str, end: int) -> None:
    assert run("python", "-c", code).returncode == end


def test_it_has_the_environment_the_folder_and_the_files_of_its_caller(tmp_path: Path) -> None:
    code = "import os, sys; print(os.environ['A'], os.getcwd(), 'HOME' in os.environ, input())"
    told = run("python", "-c", code, env={"A": "1"}, cwd=tmp_path, input="said")
    assert told.stdout.split() == ["1", str(tmp_path), "False", "said"]
    read, write = os.pipe()
    run("python", "-c", f"import os; os.write({write}, b'through')", pass_fds=[write])
    os.close(write)
    with open(read) as pipe:  # noqa: PTH123
        assert pipe.read() == "through"


def test_a_module_is_compiled_once_and_nothing_is_written_beside_it(tmp_path: Path) -> None:
    source = tmp_path / "its_module.py"
    source.write_text("print(__cached__)")
    forbidden = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    compiled: set[tuple[str, int]] = set()
    for _ in range(2):
        told = run("python", "-c", "import its_module", env=forbidden, cwd=tmp_path).stdout.strip()
        compiled.add((told, Path(told).stat().st_mtime_ns))
    assert len(compiled) == 1
    assert [*tmp_path.iterdir()] == [source]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_signals_reach_it(number: signal.Signals) -> None:
    command = [warm_bin() / "python", "-c", STAYS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        assert process.stdout.readline()
        process.send_signal(number)
        assert process.wait() == -number


def test_it_ends_with_a_caller_that_is_killed() -> None:
    with subprocess.Popen(
        [warm_bin() / "python", "-c", STAYS], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()
    wait_for(lambda: not psutil.pid_exists(pid))


def test_nothing_of_ours_was_imported_before() -> None:
    code = "import sys; print([each for each in sys.modules if each.startswith('wxyc_assets.')])"
    assert run("python", "-c", code).stdout == "[]\n"


def test_a_console_script_and_a_module() -> None:
    assert run("dagster", "--version").stdout.startswith("dagster, version")
    assert "dagster, version" in run("python", "-m", "dagster", "--version").stdout


def test_what_it_starts_is_forked_as_well() -> None:
    code = "import sys; print('dagster' in sys.modules)"
    spawned = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-Wignore', '-c', {code!r}])"
    )
    assert run("python", "-c", spawned).stdout == "True\n"


def test_a_script_that_it_starts_is_its_child(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import os, sys; print(os.getppid() == int(sys.argv[1]))")
    started = "subprocess.run([sys.executable, sys.argv[1], str(os.getpid())])"
    code = f"import os, subprocess, sys; {started}"
    assert run("python", "-c", code, str(script)).stdout == "True\n"


def test_a_process_that_it_spawns_ends_with_its_exit_code() -> None:
    process = "multiprocessing.get_context('spawn').Process(target=sys.exit, args=(3,))"
    code = f"import multiprocessing, sys; p = {process}; p.start(); p.join(); print(p.exitcode)"
    assert run("python", "-c", code).stdout == "3\n"


def test_what_it_does_not_know_is_left_to_a_cold_interpreter() -> None:
    code = "import dagster, sys; print(dagster.AssetKey, sys.argv)"
    path = f"{warm_bin()}:{os.environ['PATH']}"
    told = run("python", "-", "said", input=code, env={"PATH": path}, cwd="/")
    assert told.stdout == "<class 'dagster._core.definitions.asset_key.AssetKey'> ['-', 'said']\n"
