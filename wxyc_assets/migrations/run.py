"""Migrations of our own schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def migrate(conninfo: str, *, assets_schema: str, backend_schema: str) -> None:
    """Upgrade to the newest revision; `conninfo` is a libpq connection string."""
    config = alembic_config(conninfo, assets_schema=assets_schema, backend_schema=backend_schema)
    command.upgrade(config, "head")


def alembic_config(conninfo: str, *, assets_schema: str, backend_schema: str) -> Config:
    """Return the configuration of Alembic's commands for this database."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes.update(
        conninfo=conninfo,
        assets_schema=assets_schema,
        backend_schema=backend_schema,
    )
    return config
