"""docs/adding-an-asset.md, followed to the letter in a copy of the project."""

import re
import subprocess
from pathlib import Path

import pytest

from wxyc_assets_tests.e2e.operation.processes import run_program
from wxyc_sandbox.station import SandboxStation

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs" / "adding-an-asset.md").read_text()
FILE = re.compile(r"Save this as `([^`]+)`:\s+```\w+\n(.*?)```", re.DOTALL)
SECTION = re.compile(r"^## ", re.MULTILINE)
CHANGE = re.compile(r"```diff\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone as it would be pushed, with the page's changes; its path has a space."""
    clone = tmp_path_factory.mktemp("a clone") / "wxyc assets"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=PROJECT, capture_output=True, check=True).stdout
    for name in names.decode().split("\0"):
        if name and (PROJECT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            (clone / name).write_bytes((PROJECT / name).read_bytes())
    return clone


def follow(page: str, clone: Path) -> None:
    for name, content in FILE.findall(page):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text(content)
    for section in SECTION.split(page):
        for change in CHANGE.findall(section):
            before = "".join(line[1:] for line in change.splitlines(True) if line[0] == "-")
            after = "".join(line[1:] for line in change.splitlines(True) if line[0] == "+")
            apply(clone, re.findall(r"`([\w/.]+\.(?:py|sql))`", section), before, after)


def apply(clone: Path, names: list[str], before: str, after: str) -> None:
    """Replace the text in the one file of these that has it."""
    old, new = before.rstrip("\n"), after.rstrip("\n")
    files = [clone / name for name in names if old in (clone / name).read_text()]
    assert len(files) == 1, (before, names)
    files[0].write_text(files[0].read_text().replace(old, new, 1))


def test_a_fresh_clone_is_checked_and_validated_with_nothing_set(copy: Path) -> None:
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(copy.parent), "PYTHONPATH": str(copy)}
    for command in (("dg", "check", "defs"), ("dagster", "definitions", "validate")):
        done = run_program(*command, env=bare, cwd=copy)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_works(copy: Path, station: SandboxStation) -> None:
    follow(PAGE, copy)
    env = {**station.environment, "PYTHONPATH": str(copy)}
    assert run_program("dg", "check", "defs", env=env, cwd=copy).returncode == 0
    command = next(line for line in PAGE.splitlines() if line.startswith("dg launch"))
    done = run_program(*command.split(), env=env, cwd=copy)
    assert done.returncode == 0, done.stderr
    assert "every_record_has_a_format' on 'library_formats' passed" in done.stdout + done.stderr
    assert "SupersessionWarning" not in done.stdout + done.stderr
