"""Whom a PostgreSQL server runs as, and what that account can reach.

PostgreSQL refuses to run as root: root's server runs as the owner of its data, a new one as
`nobody`. No existing folder is opened up for it. Binaries it cannot reach (a clone under /root)
are copied to where it can; data it cannot reach is refused.
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
    """The account that the server runs as may not enter a folder that it needs."""


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the server runs as."""

    uid: int
    gid: int

    @classmethod
    def of(cls, data: Path) -> Self:
        """The owner of `data` where root asks, `nobody` when root owns it or it is not there."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        if data.exists() and (owner := data.stat()).st_uid != 0:
            return cls(owner.st_uid, owner.st_gid)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    @property
    def is_ours(self) -> bool:
        return self.uid == os.geteuid()

    def may_enter(self, folder: Path) -> bool:
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

    def run(self, *command: str | Path) -> tuple[bool, str]:
        """Whether it went well, and what it said.

        Output goes to a file: a server started by `command` would keep a pipe open for good.
        """
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
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
            return done.returncode == 0, output.read().decode(errors="replace").strip()


def hand_over(folder: Path, account: Account) -> None:
    """Gives an empty folder to `account`, and to nobody else; leaves a folder in use alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid == os.geteuid() and not any(folder.iterdir()):
        folder.chmod(0o700)
        os.chown(folder, account.uid, account.gid)
    if folder.stat().st_uid != account.uid:
        raise FolderOutOfReach(f"{folder} belongs to somebody else than uid {account.uid}")


def within_reach(bin: Path, account: Account, *, shared: Path = SHARED_FOLDER) -> Path:
    """`bin`, or that of a copy of its installation in `shared` when `account` cannot enter it."""
    if account.may_enter(bin):
        return bin
    install, package = bin.parent, bin.parent.parent
    built = (bin / "postgres").stat().st_mtime_ns
    copy = shared / f"wxyc-assets-postgres-{digest(f'{bin} {built}')}"
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(dir=shared))
        for tree in (install, package.with_name(f"{package.name}.libs")):  # a wheel's own libraries
            if tree.exists():
                shutil.copytree(tree, fresh / tree.relative_to(package.parent), symlinks=True)
        _let_all_read(fresh)
        fresh.rename(copy)
    if copy.stat().st_uid != os.geteuid():
        raise FolderOutOfReach(f"{copy} was not put there by us")
    return copy / bin.relative_to(package.parent)


def _let_all_read(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runnable else 0o644)
