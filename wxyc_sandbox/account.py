"""The account that a PostgreSQL server runs as, and the folders it can reach.

PostgreSQL refuses to run as root. Started by root, it runs as the owner of its data folder, or as
`nobody` for a new one. Existing folders keep their permissions. Binaries out of its reach (a clone
under /root) are copied to a shared folder; a data folder out of its reach is refused.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SHARED_FOLDER = Path("/var/tmp")


class FolderOutOfReach(RuntimeError):
    """The server's account may not enter a folder that the server needs."""


def digest(text: str) -> str:
    """Return 12 hexadecimal digits that identify the text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that the server runs as."""

    uid: int
    gid: int

    @classmethod
    def of(cls, data: Path) -> Self:
        """Return the current user; for root, the owner of `data`, or `nobody` if that is root."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        if data.exists() and (owner := data.stat()).st_uid != 0:
            return cls(owner.st_uid, owner.st_gid)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    @property
    def is_ours(self) -> bool:
        """True if it is the account of this process."""
        return self.uid == os.geteuid()

    def may_enter(self, folder: Path) -> bool:
        """Return True if the account may enter the folder and all of its parents."""
        if self.is_ours:
            return os.access(folder, os.X_OK)
        return all(self._may_search(each) for each in (folder, *folder.parents))

    def _may_search(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)

    def run_command(self, *command: str | Path) -> tuple[bool, str]:
        """Run a command as this account; return success and output.

        The output goes to a file: a server started by `command` would keep a pipe open forever.
        """
        with tempfile.TemporaryFile() as output:
            finished = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                user=None if self.is_ours else self.uid,
                group=None if self.is_ours else self.gid,
                extra_groups=None if self.is_ours else [],
            )
            output.seek(0)
            return finished.returncode == 0, output.read().decode(errors="replace").strip()


def hand_over(folder: Path, account: Account) -> None:
    """Make `account` the sole owner of an empty folder; leave a folder in use unchanged."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid == os.geteuid() and not any(folder.iterdir()):
        folder.chmod(0o700)
        os.chown(folder, account.uid, account.gid)
    if folder.stat().st_uid != account.uid:
        raise FolderOutOfReach(f"{folder} does not belong to uid {account.uid}")


def reachable_bin(bin: Path, account: Account, *, shared: Path = SHARED_FOLDER) -> Path:
    """Return `bin`, or its copy in `shared` if `account` cannot enter `bin`."""
    if account.may_enter(bin):
        return bin
    install, package = bin.parent, bin.parent.parent
    built = (bin / "postgres").stat().st_mtime_ns
    copy = shared / f"wxyc-assets-postgres-{digest(f'{bin} {built}')}"
    if not copy.exists():
        staging = Path(tempfile.mkdtemp(dir=shared))
        for tree in (
            install,
            package.with_name(f"{package.name}.libs"),
        ):  # the wheel's bundled libraries
            if tree.exists():
                shutil.copytree(tree, staging / tree.relative_to(package.parent), symlinks=True)
        _make_readable(staging)
        try:
            staging.rename(copy)
        except OSError:  # another process was first: several start at once, and each finds none
            shutil.rmtree(staging)
    if copy.stat().st_uid != os.geteuid():
        raise FolderOutOfReach(f"{copy} was not created by this user")
    return copy / bin.relative_to(package.parent)


def _make_readable(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runnable else 0o644)
