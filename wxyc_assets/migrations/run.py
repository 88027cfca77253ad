"""Bring our own tables up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url


def migrate(url: str, *, assets_schema: str, backend_schema: str) -> None:
    """Applies what is missing; does nothing where nothing is. `url` is a libpq URL."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes.update(
        url=make_url(url).set(drivername="postgresql+psycopg"),
        assets_schema=assets_schema,
        backend_schema=backend_schema,
    )
    command.upgrade(config, "head")
