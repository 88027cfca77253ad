"""Room that the tests need in memory and on disk, looked for before the first of them."""

import shutil
import tempfile
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


def folder_for_data(memory: Path, *, least_mib: int) -> Path:
    """Return the folder in memory if it has that much room, else the one for temporary files.

    A database is some 500 files. On ext4 without a journal, as small virtual machines have it, a
    new file costs more the more files were deleted within the last minutes.
    """
    has_room = memory.is_dir() and lack_of_room(memory, least_mib=least_mib) is None
    return memory if has_room else Path(tempfile.gettempdir())
