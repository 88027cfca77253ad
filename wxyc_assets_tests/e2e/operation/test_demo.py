"""`make demo`, the README's first command, without the installation."""

import os
import re
from pathlib import Path

from wxyc_assets_tests.e2e.operation.processes import run_program


def test_a_demo_covers_the_library_and_a_second_one_asks_nothing(project: Path) -> None:
    first = run_program("wxyc-sandbox", "demo", "--scale", "0.004", env=os.environ, cwd=project)
    assert first.returncode == 0, first.stderr
    assert _records_asked_about(first.stdout) > 200
    assert re.search(r"never asked\s+│\s+\d+ │\s+0 │", first.stdout)

    second = run_program("wxyc-sandbox", "demo", "--scale", "0.004", env=os.environ, cwd=project)
    assert second.returncode == 0, second.stderr
    assert _records_asked_about(second.stdout) == 0


def _records_asked_about(output: str) -> int:
    found = re.search(r"asked about ([\d,]+) records", output)
    assert found, output
    return int(found[1].replace(",", ""))
