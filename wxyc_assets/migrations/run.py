"""Bring our own tables up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def migrate(conninfo: str, *, assets_schema: str, backend_schema: str) -> None:
    """Applies what is missing; `conninfo` is what libpq takes, a URL or parts."""
    config = alembic_config(conninfo, assets_schema=assets_schema, backend_schema=backend_schema)
    command.upgrade(config, "head")


def alembic_config(conninfo: str, *, assets_schema: str, backend_schema: str) -> Config:
    """What any of Alembic's commands needs to work on this database."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes.update(
        conninfo=conninfo,
        assets_schema=assets_schema,
        backend_schema=backend_schema,
    )
    return config
