"""The image as a Docker engine builds it, and the services as Compose runs them."""

import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from packaging.utils import canonicalize_name

from wxyc_assets_tests.e2e.deploy.test_locks import IMAGE, locked, without_extras
from wxyc_assets_tests.e2e.distribution.rows import stored
from wxyc_assets_tests.e2e.image.engine import (
    PROJECT,
    Engine,
    missing_requirement,
    run_engine,
)
from wxyc_assets_tests.e2e.image.station import (
    KEY,
    LARGEST_ID,
    ONE_OFF,
    PASSWORD,
    ROLE,
    Station,
    all_ranges,
    run_station,
)
from wxyc_assets_tests.e2e.operation.graphql import ask
from wxyc_assets_tests.e2e.operation.processes import wait_until
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.station import BACKEND

pytestmark = [pytest.mark.image, pytest.mark.timeout(1200)]

FILES = (
    "Dockerfile",
    ".dockerignore",
    "pyproject.toml",
    "requirements-prod.lock",
)
FOLDERS = ("wxyc_assets", "deploy")
SERVICES = ("code", "daemon", "webserver")
SHUT_IN = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")
MOST_BYTES_OF_OURS = 4_000_000
SECOND_HALF_STALLS = Fault(
    "stalled_head",
    route="resolve",
    rows=frozenset(range(LARGEST_ID // 2, LARGEST_ID + 1)),
    seconds=3600.0,
)
JOB = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j", "library_full")
LOADED = """{ workspaceOrError { ... on Workspace {
    locationEntries { name loadStatus locationOrLoadError { __typename } } } } }"""
LAUNCH = """mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
RUNS = "{ runsOrError { ... on Runs { results { runId parentRunId status } } } }"
LIBRARY_FULL = {
    "selector": {
        "repositoryLocationName": "wxyc_assets",
        "repositoryName": "__repository__",
        "jobName": "library_full",
    },
    "runConfigData": {},
    "executionMetadata": {"tags": all_ranges()},
}


@pytest.fixture(scope="module")
def engine() -> Generator[Engine]:
    """Require REQUIRE_IMAGE: the engine needs root and a minute."""
    if not os.environ.get("REQUIRE_IMAGE"):
        pytest.skip("REQUIRE_IMAGE is not set")
    if reason := missing_requirement():
        pytest.fail(f"REQUIRE_IMAGE is set, but {reason}")
    with run_engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="wxyc-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def copy_context(source: Path, target: Path) -> Path:
    """Copy what is built, with new times: another clone of the same commit."""
    target.mkdir()
    for each in FILES:
        shutil.copyfile(source / each, target / each)
    for each in FOLDERS:
        shutil.copytree(
            source / each,
            target / each,
            copy_function=shutil.copyfile,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return target


@pytest.fixture(scope="module")
def station(engine: Engine, folder: Path) -> Generator[Station]:
    with run_station(folder) as station:
        yield station


@dataclass(frozen=True, slots=True)
class Stack:
    """The services that Compose runs from a clone."""

    engine: Engine
    clone: Path

    def compose(self, *arguments: str, revision: str) -> str:
        """Run Compose as docs/deploying.md says."""
        env = {"DAGSTER_PG_PASSWORD": PASSWORD, "REVISION": revision}
        command = ("compose", "--file", "deploy/compose.yaml", *arguments)
        return self.engine.docker(*command, folder=self.clone, env=env)

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine knows about a service's container."""
        (found,) = json.loads(self.engine.docker("inspect", f"wxyc-assets-{service}-1"))
        return found


@pytest.fixture(scope="module")
def stack(engine: Engine, station: Station, folder: Path) -> Generator[Stack]:
    stack = Stack(engine, copy_context(PROJECT, folder / "clone"))
    (stack.clone / ".env").write_text(station.env_file(BACKEND))
    stack.compose("up", "--build", "--detach", "--wait", revision="first")
    yield stack
    print(stack.compose("logs", "--no-color", "--tail", "80", revision="first"))  # noqa: T201


@pytest.fixture
def image(stack: Stack) -> str:
    """The image that Compose has built."""
    return stack.inspect("code")["Image"]


@pytest.fixture
def webserver(stack: Stack) -> Generator[httpx.Client]:
    with httpx.Client(base_url="http://127.0.0.1:3000", timeout=60) as client:
        yield client


def layers(engine: Engine, image: str) -> list[str]:
    return json.loads(
        engine.docker("image", "inspect", image, "--format", "{{json .RootFS.Layers}}")
    )


def environment(container: dict[str, Any]) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in container["Config"]["Env"])


def test_every_service_is_healthy_and_shut_in(stack: Stack) -> None:
    for service in SERVICES:
        container = stack.inspect(service)
        assert container["State"]["Health"]["Status"] == "healthy"
        assert container["HostConfig"]["ReadonlyRootfs"] is True
        assert container["Config"]["User"] == "10001:10001"
        uid = stack.engine.docker("exec", container["Id"], "id", "--user")
        assert uid == "10001"


def test_only_the_code_location_has_the_secrets_of_a_run(stack: Stack, station: Station) -> None:
    given = {service: environment(stack.inspect(service)) for service in SERVICES}
    assert given["code"]["LML_API_KEY"] == KEY
    for service in ("daemon", "webserver"):
        assert given[service].keys().isdisjoint(station.variables.keys() | {"DATABASE_URL"})
    postgres = environment(stack.inspect("postgres"))
    assert {postgres["POSTGRES_PASSWORD"], *(each["PGPASSWORD"] for each in given.values())} == {
        PASSWORD
    }


def test_the_webserver_has_loaded_the_code_location(stack: Stack, webserver: httpx.Client) -> None:
    (entry,) = ask(webserver, LOADED)["workspaceOrError"]["locationEntries"]
    assert entry == {
        "name": "wxyc_assets",
        "loadStatus": "LOADED",
        "locationOrLoadError": {"__typename": "RepositoryLocation"},
    }


def test_without_any_variable_it_serves_until_it_is_stopped(engine: Engine, image: str) -> None:
    container = engine.docker("run", "--detach", *SHUT_IN, image)

    def state() -> dict[str, Any]:
        return json.loads(engine.docker("inspect", container, "--format", "{{json .State}}"))

    def is_healthy() -> bool:
        assert state()["Running"], engine.docker("logs", container)
        return state()["Health"]["Status"] == "healthy"

    wait_until(is_healthy)
    engine.docker("stop", "--time", "120", container)
    assert state()["ExitCode"] == 0


LOOK = """
find / -xdev -name tests -type d | sed 's/^/tests /'
find / -xdev -name pip -o -name 'pip-*' -o -name ensurepip | sed 's/^/pip /'
find / -xdev -name 'wxyc[-_]sandbox*' -o -name wxyc_assets_tests | sed 's/^/sandbox /'
find / -xdev -writable ! -type l | sed 's/^/writable /'
"""


def test_it_holds_nothing_that_it_does_not_need(engine: Engine, image: str) -> None:
    found = engine.docker("run", "--rm", image, "sh", "-c", LOOK).splitlines()
    kinds = Counter(line.split()[0] for line in found)
    writable = {line.split()[1] for line in found if line.startswith("writable")}
    assert set(kinds) == {"writable"}, found
    assert writable <= {"/tmp", "/var/tmp", "/run/lock", "/var/lib/dagster/storage"}


INSTALLED = """
import importlib.metadata as m
print(*(f"{each.name}=={each.version}" for each in m.distributions()))
"""


def test_its_packages_are_those_of_the_lock(engine: Engine, image: str) -> None:
    """test_locks.py shows that the bill of materials lists the same."""
    installed = engine.docker("run", "--rm", image, "python", "-c", INSTALLED).split()
    pins = map(pin_parts, map(without_extras, locked(IMAGE)))
    listed = {f"{canonicalize_name(name)}=={version}" for name, version in pins}
    ours = {f"{canonicalize_name(name)}=={version}" for name, version in map(pin_parts, installed)}
    assert {each.partition("==")[0] for each in ours - listed} == {"wxyc-assets"}


def pin_parts(pin: str) -> tuple[str, str]:
    name, _, version = pin.partition("==")
    return name, version


def test_its_command_line_works(engine: Engine, stack: Stack) -> None:
    code = stack.inspect("code")["Id"]
    assert "range" in engine.docker("exec", code, "wxyc-assets", "explain", "1")


def build_again(engine: Engine, clone: Path, name: str) -> None:
    """Build anew all that is made of our own code, and the image."""
    stages = "--no-cache-filter=package,image"
    engine.docker("build", "--quiet", stages, "--tag", name, ".", folder=clone)


def test_the_same_code_is_the_same_layer_and_a_change_is_a_small_one(
    stack: Stack, engine: Engine, image: str, folder: Path
) -> None:
    clone = copy_context(stack.clone, folder / "second-clone")
    build_again(engine, clone, "same")
    assert engine.docker("image", "inspect", "same", "--format", "{{.Id}}") != image
    assert layers(engine, "same") == layers(engine, image)
    changed_file = clone / "wxyc_assets" / "definitions.py"
    changed_file.write_text(changed_file.read_text() + "# changed\n")
    build_again(engine, clone, "changed")
    changed = set(layers(engine, "changed")) - set(layers(engine, image))
    assert len(changed) == 1
    history = engine.docker(
        "history", "changed", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}"
    )
    (size,) = re.findall(r"^(\d+) COPY /package ", history, flags=re.MULTILINE)
    assert int(size) < MOST_BYTES_OF_OURS


def test_it_says_what_it_is(engine: Engine, image: str) -> None:
    labels = json.loads(engine.docker("inspect", image, "--format", "{{json .Config.Labels}}"))
    assert labels["org.opencontainers.image.revision"] == "first"
    assert labels["org.opencontainers.image.base.name"].startswith("python:3.")


def test_a_one_off_job_reads_the_same_env_file(
    engine: Engine, image: str, station: Station, stack: Stack
) -> None:
    one_off = stack.clone / "one-off.env"
    one_off.write_text(station.env_file(ONE_OFF))
    command = ("run", "--rm", *SHUT_IN, "--env-file", one_off.name, image, *JOB)
    done = engine.run("docker", *command, folder=stack.clone)
    assert done.returncode == 0, done.stderr
    assert ROLE in environment(stack.inspect("code"))["DATABASE_URL"]


def statuses(webserver: httpx.Client) -> list[dict[str, str]]:
    """Return the runs, newest first."""
    return ask(webserver, RUNS)["runsOrError"]["results"]


def has_begun(runs: Sequence[dict[str, str]]) -> bool:
    assert runs[0]["status"] != "FAILURE", runs
    return runs[0]["status"] == "STARTED"


def has_succeeded(runs: Sequence[dict[str, str]]) -> bool:
    assert len(runs) <= 2, runs
    return runs[0]["status"] == "SUCCESS"


def test_an_upgrade_loses_nothing_of_a_run_in_flight(
    stack: Stack, station: Station, webserver: httpx.Client
) -> None:
    station.lml.counters.reset()
    stack.compose("build", revision="second")
    backend = station.postgres.url(BACKEND)
    station.lml.faults = (SECOND_HALF_STALLS,)
    run = ask(webserver, LAUNCH, params=LIBRARY_FULL)["launchRun"]["run"]["runId"]
    wait_until(lambda: has_begun(statuses(webserver)) and bool(stored(backend)))
    wait_until(lambda: station.lml.counters.in_flight > 0)
    stack.compose("up", "--detach", "--wait", "--timeout", "1", revision="second")
    kept = stored(backend)
    answered = dict(station.lml.counters.answered)
    station.lml.faults = ()
    wait_until(lambda: has_succeeded(statuses(webserver)))
    second, first = statuses(webserver)
    assert (first["runId"], first["status"]) == (run, "FAILURE")
    assert second["parentRunId"] == run
    assert {row: station.lml.counters.answered[row] for row in kept} == {
        row: answered[row] for row in kept
    }
    assert stored(backend) > kept
    labels = stack.inspect("code")["Config"]["Labels"]
    assert labels["org.opencontainers.image.revision"] == "second"


def test_every_service_stops_by_itself(stack: Stack) -> None:
    stack.compose("stop", revision="second")
    for service in (*SERVICES, "postgres"):
        assert stack.inspect(service)["State"]["ExitCode"] == 0, service
