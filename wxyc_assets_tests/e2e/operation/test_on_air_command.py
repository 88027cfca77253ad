"""`wxyc-sandbox on-air` on the flowsheet of a sandbox."""

import os
from pathlib import Path

from wxyc_assets_tests.e2e.operation.processes import running, wait_until
from wxyc_assets_tests.support.backend_db import BackendDb

LOGGED = "select count(*) from flowsheet where entry_type = 'track'"


def test_an_operator_can_put_a_dj_on_the_air(assets: str, tmp_path: Path) -> None:
    command = ("wxyc-sandbox", "on-air", assets, "--every", "0.1")
    with (
        BackendDb(assets) as backend_db,
        running(command, env={**os.environ}, cwd=tmp_path, log=tmp_path / "log"),
    ):
        wait_until(lambda: backend_db.value(LOGGED) >= 2)
