"""Commands as an operator types them."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

BIN = Path(sys.executable).parent


def run(
    *command: str, env: Mapping[str, str], cwd: Path, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Runs a program of our virtual environment; its output is kept, its exit code not judged."""
    program, *arguments = command
    return subprocess.run(
        [str(BIN / program), *arguments],
        env={**env, "PYTHONWARNINGS": "ignore"},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
