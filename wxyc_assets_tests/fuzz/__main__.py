"""`make fuzz`: these tests again and again, each time with a new seed, until the time is over."""

import subprocess
import sys
from itertools import count
from pathlib import Path
from time import monotonic, time

PYTEST = (sys.executable, "-m", "pytest", "-q", "-x", "--hypothesis-profile", "fuzz")
NO_TIMEOUT = ("--timeout", "0")
"""All examples together may take long; each call has a limit of its own."""


def main(minutes: float) -> None:
    """Exit with 1 at the first failure; pytest has shown the example and its seed."""
    deadline = monotonic() + 60 * minutes
    first_seed = int(time())
    for seed in count(first_seed):
        command = (*PYTEST, *NO_TIMEOUT, "--hypothesis-seed", str(seed), str(Path(__file__).parent))
        if subprocess.run(command, check=False).returncode:
            sys.exit(1)
        if monotonic() > deadline:
            print(f"Nothing found in {minutes:g} minutes and {seed - first_seed + 1} rounds.")  # noqa: T201
            return


if __name__ == "__main__":
    main(float(sys.argv[1]))
