"""The command that installs the missing package of one of our extras."""

import re
from importlib.metadata import requires

REQUIREMENT = re.compile(r"(?P<name>[\w.-]+).*; extra == [\"'](?P<extra>\w+)[\"']")


def how_to_install(missing: ModuleNotFoundError) -> str | None:
    """Return how to install the extra that has the missing module; None if none of ours has it."""
    package = (missing.name or "").partition(".")[0]
    for each in requires("wxyc-assets") or []:
        found = REQUIREMENT.fullmatch(each)
        if found and found["name"].replace("-", "_") == package:
            return f"{package} is missing: pip install 'wxyc-assets[{found['extra']}]'"
    return None
