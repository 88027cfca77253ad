"""`wxyc-sandbox adversary` in front of a pretend LML."""

import os
from pathlib import Path

import httpx

from wxyc_assets_tests.e2e.operation.processes import free_port, running, wait_until
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE, RESOLVE, batch
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve


def test_an_operator_can_put_it_in_front_of_an_lml(
    tmp_path: Path,
) -> None:
    port = str(free_port())
    with serve(PretendLml(AT_ONCE)) as lml_url:
        command = ("wxyc-sandbox", "adversary", "--upstream", lml_url, "--mode", "lie")
        with (
            running(
                (*command, "--port", port), env={**os.environ}, cwd=tmp_path, log=tmp_path / "log"
            ),
            httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            wait_until(lambda: client.get("/health").status_code == 200)
            result = client.post(RESOLVE, json=batch(1)).json()["results"][0]
    assert (result["kind"], result["provenance"], result["confidence"]) == ("single_artist", [], 0)
