"""The commands of docs/operating.md, verbatim and in order."""

import json
import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from wxyc_assets_tests.e2e.operation.processes import BIN, warm_program
from wxyc_assets_tests.support.warm.programs import warm_bin
from wxyc_sandbox.station import SandboxStation

PAGE = Path(__file__).parents[3] / "docs" / "operating.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def environment(station: SandboxStation) -> dict[str, str]:
    """A station as the page assumes it: narrow scope, the first four ranges of 2,500 ids."""
    shape = {
        "INCLUDE_NULL_CANONICAL": "0",
        "LIBRARY_MAX_ID": "10000",
        "LIBRARY_RANGE_WIDTH": "2500",
        "PATH": f"{warm_bin()}:{BIN}:{os.environ['PATH']}",
        "PYTHONWARNINGS": "ignore",
    }
    return station.environment | shape


@pytest.fixture(scope="module")
def outputs(environment: dict[str, str], station: SandboxStation) -> list[str]:
    """The output of each block; all of them succeed."""
    outputs: list[str] = []
    for block in BLOCKS:
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", block],
            env=environment,
            cwd=station.home,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (block, done.stdout[-2000:], done.stderr[-3000:])
        outputs.append(done.stdout)
    return outputs


def test_every_command_of_the_page_works(outputs: list[str]) -> None:
    assert len(outputs) > 8
    assert "is at revision" in outputs[0]
    assert "would_resolve" in outputs[2]
    assert any("Its range is 0000001-0002500." in each for each in outputs)
    assert "is at revision" in outputs[-1]


@pytest.mark.usefixtures("outputs")
def test_the_commands_do_what_the_page_says(station: SandboxStation) -> None:
    with psycopg.connect(station.database_url) as connection:
        unasked, covers, refreshes = connection.execute(
            "select (select count(*) from wxyc_schema.library l where l.artist_name is not null "
            "and not exists (select from wxyc_schema.library_identity where library_id = l.id) "
            "and not exists (select from wxyc_assets.lml_resolution where library_id = l.id)), "
            "(select count(*) from wxyc_assets.artwork_lookup where applied_at is not null), "
            "(select count(*) from wxyc_assets.rotation_refresh where failure is null)"
        ).fetchone() or (0, 0, 0)
    assert unasked == 0
    assert covers > 0
    assert refreshes == 1


@pytest.mark.usefixtures("outputs")
def test_a_replay_is_applied_and_says_so(
    station: SandboxStation, environment: dict[str, str]
) -> None:
    assert (station.home / "sheet.html").read_text().startswith("<!doctype html>")

    def replay(*options: str) -> tuple[int, str]:
        done = subprocess.run(
            [warm_program("wxyc-assets"), "replay", "--min-confidence", "1", *options],
            env=environment,
            cwd=station.home,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr + done.stdout

    code, said = replay("--apply", "--max-drop", "0")
    assert code == 1
    assert "Nothing was written." in said
    code, said = replay("--apply", "--max-drop", "1", "--json")
    assert code == 0, said
    lost = json.loads(said.splitlines()[-1])["lost"]
    assert lost["below_floor"] > 0
    code, said = replay("--json")
    assert json.loads(said.splitlines()[-1])["lost"] == {}
