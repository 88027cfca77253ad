"""PostgreSQL servers that are not the embedded one; `.ci/servers` installs them."""

import os
from pathlib import Path

import pytest


def binaries(variable: str) -> Path:
    """The folder that the variable names; without one a skip, or a failure where all are wanted."""
    if bin := os.environ.get(variable):
        return Path(bin)
    why = f"{variable} is not set; `.ci/servers` installs it"
    if os.environ.get("REQUIRE_OTHER_SERVERS") == "1":
        pytest.fail(why)
    pytest.skip(why)
