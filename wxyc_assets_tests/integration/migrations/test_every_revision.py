"""From every revision to the newest and back, with rows in every table."""

from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from wxyc_assets.migrations import HEAD
from wxyc_assets.migrations.run import alembic_config
from wxyc_assets_tests.integration.migrations.tables import Structure, fill, rows, structure

SCRIPTS = ScriptDirectory.from_config(alembic_config("", assets_schema="", backend_schema=""))
REVISIONS = [each.revision for each in SCRIPTS.walk_revisions()]


@pytest.fixture
def config(backend: str, schema: str) -> Config:
    return alembic_config(backend, assets_schema="wxyc_assets", backend_schema=schema)


def known(after: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Leave of each row what an earlier revision had a column for."""
    return {
        table: [
            {name: row[name] for name in had} for row, had in zip(after[table], found, strict=True)
        ]
        for table, found in before.items()
    }


def differences(found: Structure, wanted: Structure) -> Structure:
    """Return what only one of the two has."""
    return {kind: found[kind] ^ wanted[kind] for kind in wanted if found[kind] != wanted[kind]}


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_upgrade_keeps_every_row_and_can_be_undone(
    backend: str, config: Config, revision: str
) -> None:
    with psycopg.connect(backend, autocommit=True) as connection:
        command.upgrade(config, revision)
        shape = structure(connection)
        fill(connection)
        before = rows(connection)
        command.upgrade(config, HEAD)
        newest = structure(connection)
        assert known(rows(connection), before) == before
        fill(connection)
        command.downgrade(config, revision)
        assert rows(connection) == before
        assert differences(structure(connection), shape) == {}
        command.upgrade(config, HEAD)
        assert differences(structure(connection), newest) == {}
