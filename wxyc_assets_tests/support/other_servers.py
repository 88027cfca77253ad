"""Access to other PostgreSQL versions than the embedded one; `.ci/servers` installs them."""

import os
from pathlib import Path

import pytest


def binaries(variable: str) -> Path:
    """Return the folder in the variable; unset, skip, or fail with REQUIRE_OTHER_SERVERS=1."""
    if bin := os.environ.get(variable):
        return Path(bin)
    why = f"{variable} is not set; `.ci/servers` installs it"
    if os.environ.get("REQUIRE_OTHER_SERVERS") == "1":
        pytest.fail(why)
    pytest.skip(why)
