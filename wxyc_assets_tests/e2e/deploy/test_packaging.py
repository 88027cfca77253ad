"""The wheel contains each file of the packages, also those that are not Python."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from wxyc_assets_tests.e2e.deploy.dockerfile import PROJECT

SETUPTOOLS: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]
DATA: dict[str, list[str]] = SETUPTOOLS["setuptools"]["package-data"]


@pytest.mark.parametrize("package", DATA)
def test_every_file_that_is_not_python_is_packaged(package: str) -> None:
    folder = PROJECT / package
    packaged = {path for pattern in DATA[package] for path in folder.glob(pattern)}
    files = [path for path in folder.rglob("*") if path.is_file() and not _is_code(path)]
    assert files
    assert [path for path in files if path not in packaged] == []


def _is_code(path: Path) -> bool:
    return path.suffix == ".py" or "__pycache__" in path.parts
