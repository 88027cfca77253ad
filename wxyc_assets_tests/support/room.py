"""Room that the tests need in memory and on disk, looked for before the first of them."""

import shutil
from pathlib import Path

MEBIBYTE = 1 << 20


def lack_of_room(folder: Path, *, least_mib: int) -> str | None:
    """Return what is wrong if a folder has less room; None as well if there is no such folder."""
    if not folder.exists():
        return None
    free = shutil.disk_usage(folder).free // MEBIBYTE
    if free >= least_mib:
        return None
    return f"{folder} has {free} MiB free, and the tests need {least_mib}: delete something there"
