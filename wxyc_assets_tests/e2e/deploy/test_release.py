"""`make release` in a repository of its own: what it refuses, and the tag that it makes."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from wxyc_assets_tests.e2e.deploy.dockerfile import PROJECT

SOMEBODY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}
RELEASED = "# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-11-21\n\n### Added\n\n* Covers.\n"
OLDER = "\n## 1.1.0 - 2026-10-01\n\n* Identities.\n"


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **SOMEBODY},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with our commands, the version 1.2.0 and its changelog, all committed."""
    shutil.copytree(PROJECT / ".ci", tmp_path / ".ci")
    shutil.copy(PROJECT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(RELEASED + OLDER)
    run("git", "init", "--quiet", cwd=tmp_path)
    commit(tmp_path)
    return tmp_path


def commit(repository: Path) -> None:
    run("git", "add", "--all", cwd=repository)
    assert run("git", "commit", "--quiet", "-m", "Covers", cwd=repository).returncode == 0


def tags(repository: Path) -> list[str]:
    return run("git", "tag", cwd=repository).stdout.split()


def test_the_tag_is_annotated_with_the_versions_section(repository: Path) -> None:
    done = run("make", "release", cwd=repository)
    assert done.returncode == 0, done.stderr
    assert tags(repository) == ["v1.2.0"]
    tag = run("git", "cat-file", "tag", "v1.2.0", cwd=repository).stdout
    message = tag.partition("\n\n")[2]
    assert message == "wxyc-assets 1.2.0\n\n### Added\n\n* Covers.\n"


def test_a_version_is_tagged_once(repository: Path) -> None:
    run("make", "release", cwd=repository)
    done = run("make", "release", cwd=repository)
    assert done.returncode != 0
    assert "v1.2.0 is tagged already" in done.stderr


def test_what_is_not_committed_is_not_released(repository: Path) -> None:
    (repository / "new.py").touch()
    done = run("make", "release", cwd=repository)
    assert done.returncode != 0
    assert "changes that are not committed" in done.stderr
    assert tags(repository) == []


@pytest.mark.parametrize(
    ("changelog", "why"),
    [
        ("# Changelog\n" + OLDER, "no section '## 1.2.0 - YYYY-MM-DD'"),
        (RELEASED.replace(" - 2026-11-21", ""), "no section '## 1.2.0 - YYYY-MM-DD'"),
        (RELEASED.replace("1.2.0", "1.2.01"), "no section '## 1.2.0 - YYYY-MM-DD'"),
        ("# Changelog\n\n## 1.2.0 - 2026-11-21\n" + OLDER, "is empty"),
        (RELEASED.replace("ed\n\n", "ed\n\n* Doubts.\n\n", 1), "entries under Unreleased"),
    ],
    ids=["missing", "undated", "another", "empty", "unreleased"],
)
def test_a_version_without_its_section_is_not_released(
    repository: Path, changelog: str, why: str
) -> None:
    (repository / "CHANGELOG.md").write_text(changelog)
    commit(repository)
    done = run("make", "release", cwd=repository)
    assert done.returncode != 0
    assert why in done.stderr
    assert tags(repository) == []


def test_the_projects_own_version_has_its_section() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    changelog = (PROJECT / "CHANGELOG.md").read_text()
    assert re.search(rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE)
