"""No secret appears in any output of runs that fail in different ways."""

import os
import zlib
from collections.abc import Generator, Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from wxyc_assets_tests.e2e.operation.processes import free_port, run_program, running, wait_until
from wxyc_sandbox.adversary.modes import Mode
from wxyc_sandbox.adversary.proxy import Hostility, run_adversary
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.sentry_sink import KEY, Sink, serve_sink
from wxyc_sandbox.station import SandboxStation

SECRETS = {
    "the Backend database's password": "sesame-of-the-backend",
    "DB_PASSWORD": "sesame-of-the-parts",
    "Dagster's database's password": "sesame-of-dagster",
    "LML_API_KEY": "sesame-of-lml",
    "GITHUB_TOKEN": "sesame-of-github",
    "ALERT_WEBHOOK_URL": "sesame-of-the-chat",
    "SENTRY_DSN": KEY,
}
RESOURCES = """
{
  repositoriesOrError {
    ... on RepositoryConnection {
      nodes { allTopLevelResourceDetails { name configuredValues { key value type } } }
    }
  }
}
"""
RUNS = """
{
  runsOrError {
    ... on Runs {
      results { jobName runConfigYaml tags { key value } eventConnection { events {
        ... on MessageEvent { message }
        ... on ExecutionStepFailureEvent { error { message stack causes { message stack } } }
      } } }
    }
  }
}
"""


async def echo_headers(scope: Scope, receive: Receive, send: Send) -> None:
    """A server that answers 400 and repeats the request's headers."""
    sent = Request(scope).headers.items()
    answer = PlainTextResponse("\n".join(f"{name}: {value}" for name, value in sent), 400)
    await answer(scope, receive, send)


@pytest.fixture(scope="module")
def sink() -> Sink:
    return Sink()


@pytest.fixture(scope="module")
def environment(station: SandboxStation, sink: Sink) -> Generator[dict[str, str]]:
    """The station's environment with a secret wherever there can be one."""

    def with_password(url: str, secret: str) -> str:
        return url.replace("//postgres@", f"//postgres:{secret}@")

    variables = station.variables
    with serve_sink(sink) as addresses:
        yield {
            **os.environ,
            **variables,
            "DATABASE_URL": with_password(
                variables["DATABASE_URL"], SECRETS["the Backend database's password"]
            ),
            "DAGSTER_PG_URL": with_password(
                variables["DAGSTER_PG_URL"], SECRETS["Dagster's database's password"]
            ),
            "DB_PASSWORD": SECRETS["DB_PASSWORD"],
            "LML_API_KEY": SECRETS["LML_API_KEY"],
            "LOCAL_DEV": "0",
            "GITHUB_TOKEN": SECRETS["GITHUB_TOKEN"],
            "SENTRY_DSN": addresses.dsn,
            "ALERT_WEBHOOK_URL": addresses.webhook,
            "PYTHONWARNINGS": "ignore",
        }


@pytest.fixture(scope="module")
def ui(environment: dict[str, str], station: SandboxStation) -> Generator[httpx.Client]:
    """A webserver and a daemon whose sensors have ticked once."""
    port = str(free_port())
    module = ("-m", "wxyc_assets.definitions")
    with (
        running(
            ("dagster-webserver", *module, "-h", "127.0.0.1", "-p", port),
            ("dagster-daemon", "run", *module),
            env=environment,
            cwd=station.home,
            log=station.home / "ui.log",
        ),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        wait_until(lambda: client.get("/server_info").status_code == 200)
        wait_until(lambda: has_ticked(environment))
        yield client


def has_ticked(environment: dict[str, str]) -> bool:
    """Return True if the alert sensor's cursor is in Dagster's tables."""
    return any("failed_runs" in value for value in all_values(environment["DAGSTER_PG_URL"]))


@pytest.fixture(scope="module")
def outputs(
    environment: dict[str, str], station: SandboxStation, sink: Sink, ui: httpx.Client
) -> dict[str, str]:
    """All output of six failing runs, by its place."""
    missing_database = environment["DATABASE_URL"].replace("/backend?", "/gone?")
    outputs: dict[str, str] = {}
    lml_url = environment["LIBRARY_METADATA_URL"]
    with (
        serve(echo_headers) as echo_url,
        run_adversary(lml_url, Hostility(Mode.ECHO_BODY)) as (body_url, _),
        run_adversary(lml_url, Hostility(Mode.ECHO_STATUS)) as (status_url, _),
    ):
        for name, job, changes in (
            ("a wrong key", "library_full", {}),
            ("a GitHub that repeats us", "rotation_job", {"GITHUB_API_URL": echo_url}),
            ("an LML that repeats us", "library_full", {"LIBRARY_METADATA_URL": echo_url}),
            ("a 200 that repeats us", "library_full", {"LIBRARY_METADATA_URL": body_url}),
            ("a status line that repeats us", "library_full", {"LIBRARY_METADATA_URL": status_url}),
            ("a database that is gone", "library_full", {"DATABASE_URL": missing_database}),
        ):
            station.lml.configure(
                api_key="another" if name == "a wrong key" else SECRETS["LML_API_KEY"],
                commit_sha="f" * 40,
            )
            done = run_program(
                *("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j", job),
                env=environment | changes,
                cwd=station.home,
            )
            assert done.returncode != 0, name
            outputs[name] = done.stdout + done.stderr
    wait_until(lambda: len(sink.messages) >= 2)
    outputs["Sentry and the chat"] = without_project(b"".join(sink.bodies).decode())
    outputs["the UI's resources"] = graphql(ui, RESOURCES)
    outputs["the UI's runs"] = graphql(ui, RUNS)
    for name in ("DATABASE_URL", "DAGSTER_PG_URL"):
        outputs[f"every table of {name}"] = "\n".join(all_values(environment[name]))
    for file in station.home.rglob("*"):
        if file.is_file() and station.home / "postgres" not in file.parents:
            outputs[str(file.relative_to(station.home))] = file.read_text(errors="replace")
    outputs["the server's log"] = (station.home / "postgres" / "server.log").read_text()
    return outputs


def without_project(envelopes: str) -> str:
    """Remove the public key with which an envelope's header names its project."""
    return envelopes.replace(f'"public_key":"{KEY}"', "")


def graphql(client: httpx.Client, graphql: str) -> str:
    answer: Any = client.post("/graphql", json={"query": graphql}).json()
    assert "errors" not in answer, answer
    return str(answer)


def all_values(url: str) -> Iterator[str]:
    """Yield every value of every table, decompressed."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_type = 'BASE TABLE' and table_schema not in "
            "('pg_catalog', 'information_schema')"
        ).fetchall()
        for table in tables:
            for row in connection.execute(
                sql.SQL("select * from {}").format(sql.Identifier(*table))
            ):
                for value in row:
                    yield decompressed(value)


def decompressed(value: Any) -> str:
    if isinstance(value, bytes):
        try:
            return zlib.decompress(value).decode()
        except zlib.error:
            return value.decode(errors="replace")
    return str(value)


def test_every_failure_is_reported(outputs: dict[str, str]) -> None:
    for name, words in {
        "a wrong key": "LML_API_KEY is wrong, rotated or revoked",
        "a GitHub that repeats us": "could not be compared: HTTP 400",
        "an LML that repeats us": "HTTP 400",
        "a 200 that repeats us": "the body is not JSON",
        "a status line that repeats us": "Bad status line",
        "a database that is gone": "cannot be reached",
        "the UI's runs": "LML_API_KEY is wrong, rotated or revoked",
        "the UI's resources": "LML_API_KEY",
        "every table of DAGSTER_PG_URL": "LML_API_KEY is wrong, rotated or revoked",
        "every table of DATABASE_URL": "library_full",
        "Sentry and the chat": "LML_API_KEY is wrong, rotated or revoked",
    }.items():
        assert words in outputs[name], (name, outputs[name][-2000:])


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_output(outputs: dict[str, str], secret: str) -> None:
    assert [place for place, words in outputs.items() if SECRETS[secret] in words] == []
