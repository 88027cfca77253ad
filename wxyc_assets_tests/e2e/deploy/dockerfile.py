"""A Dockerfile as a list of instructions, and its steps replayed without an engine."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from wxyc_sandbox.account import Account

PROJECT = Path(__file__).parents[3]
DOCKERFILE = PROJECT / "Dockerfile"
PLACES = re.compile(r"(?<![\w.])/(?:opt/wxyc|src|var/lib/dagster)\b")
"""What the image keeps outside its base."""
STRANGER = Account(54_321, 54_321)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; `stage` counts from 0."""

    stage: int
    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """What it is given, without its options."""
        return [word for word in self.text.split() if not word.startswith("--")]

    @property
    def is_from_a_stage(self) -> bool:
        return "--from=" in self.text


def read_instructions() -> list[Instruction]:
    """All of them, continuation lines joined, comments left out."""
    lines = DOCKERFILE.read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    found: list[Instruction] = []
    stage = -1
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            stage += name == "FROM"
            found.append(Instruction(stage, name, re.sub(r"\s+", " ", rest)))
    return found


def default_command() -> list[str]:
    """What the image does when it is told nothing."""
    (command,) = [each.text for each in read_instructions() if each.name == "CMD"]
    return json.loads(command)


def health_check() -> list[str]:
    """How the image tells whether it is well."""
    (check,) = [each.text for each in read_instructions() if each.name == "HEALTHCHECK"]
    return json.loads(check.partition(" CMD ")[2])


def _base(folder: Path) -> tuple[Path, Account]:
    """The Python of the base image, and somebody without rights who can use it."""
    ours = Path(sys.executable).resolve()
    if os.geteuid() != 0:
        return ours, Account.of(folder)
    for python in (ours, Path("/usr/bin/python3").resolve()):
        if python.exists() and STRANGER.may_enter(python.parent):
            return python, STRANGER
    pytest.skip("root's Python is where nobody else can go, and there is no other")


class Image:
    """What the steps leave in a folder, made and used by somebody without rights of any kind."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "image"
        self._built = folder / "build"
        self._python, self.account = _base(folder)

    @property
    def bin(self) -> Path:
        return self.root / "opt/wxyc/bin"

    @property
    def dagster_home(self) -> Path:
        return self.root / "var/lib/dagster"

    def build(self) -> None:
        """Replays both stages: RUN and COPY as they stand, with every place below `root`."""
        self._give(self.root)
        for each in self._steps(stage=0):
            if each.name == "RUN":
                self._run_step(each)
            elif each.name == "COPY":
                self._copy_from_context(each)
        self.root.rename(self._built)
        self._give(self.root)
        for each in self._steps(stage=1):
            if each.name == "COPY":
                source, target = (Path(word).relative_to("/") for word in each.words)
                shutil.copytree(self._built / source, self.root / target, symlinks=True)
        self._hand_over()

    def run(
        self, *command: str, env: dict[str, str], timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """A command of the image, in an environment of its own."""
        return subprocess.run(
            [self.bin / command[0], *command[1:]],
            env=self.environment | env,
            cwd=self.root / "tmp",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            **self._as_somebody(),
        )

    def start(self, *command: str, env: dict[str, str], log: Path) -> subprocess.Popen[str]:
        """The same, and does not wait for its end."""
        with log.open("wb") as output:
            return subprocess.Popen(
                [self.bin / command[0], *command[1:]],
                env=self.environment | env,
                cwd=self.root / "tmp",
                stdout=output,
                stderr=output,
                text=True,
                **self._as_somebody(),
            )

    @property
    def environment(self) -> dict[str, str]:
        """ENV of the last stage."""
        (text,) = [each.text for each in read_instructions() if each.name == "ENV"]
        pairs = dict(pair.split("=", 1) for pair in text.split())
        return {name: self._here(value) for name, value in pairs.items()} | {
            "HOME": str(self.root / "tmp"),
            "TMPDIR": str(self.root / "tmp"),
        }

    def _steps(self, stage: int) -> Iterator[Instruction]:
        return (each for each in read_instructions() if each.stage == stage)

    def _run_step(self, step: Instruction) -> None:
        python = f'python() {{ {self._python} "$@"; }}\n'
        network = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        done = subprocess.run(
            ["/bin/sh", "-euc", python + self._here(step.text)],
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.root / "tmp")} | network,
            cwd=self.root / "src",
            capture_output=True,
            text=True,
            check=False,
            **self._as_somebody(),
        )
        assert done.returncode == 0, (step.text, done.stdout[-2000:], done.stderr[-2000:])

    def _copy_from_context(self, step: Instruction) -> None:
        *sources, target = step.words
        into = self.root / "src" / Path(self._here(target))
        for source in sources:
            if (PROJECT / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
                shutil.copytree(PROJECT / source, into, ignore=ignored)
            else:
                shutil.copy(PROJECT / source, into)
        self._hand_over()

    def _here(self, text: str) -> str:
        return PLACES.sub(lambda place: f"{self.root}{place[0]}", text)

    def _give(self, root: Path) -> None:
        for folder in (root, root / "src", root / "tmp"):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
        self._hand_over()

    def _hand_over(self) -> None:
        if os.geteuid() == 0:
            for path in (self.root, *self.root.rglob("*")):
                os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def _as_somebody(self) -> dict[str, Any]:
        if self.account.is_ours:
            return {}
        return {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
