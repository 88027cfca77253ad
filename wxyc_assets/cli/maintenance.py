"""`wxyc-assets migrate`: bring our own tables up to date."""

from alembic.util import CommandError
from psycopg.errors import ConnectionTimeout, DuplicateTable, OperationalError, UndefinedTable
from sqlalchemy.exc import SQLAlchemyError

from wxyc_assets.adapters.postgres.connections import check_url
from wxyc_assets.adapters.postgres.errors import first_line
from wxyc_assets.cli import connections
from wxyc_assets.cli.console import fail, out
from wxyc_assets.migrations import HEAD
from wxyc_assets.migrations import run as migrations

ADVICE = {
    UndefinedTable: "Is WXYC_SCHEMA_NAME right, and may this role use that schema?",
    DuplicateTable: "Somebody else's tables are in that schema: choose another ASSETS_SCHEMA_NAME.",
    ConnectionTimeout: "Does PostgreSQL listen there? Look at the host and the port in "
    "DATABASE_URL, or at DB_HOST and DB_PORT.",
    OperationalError: "Is PostgreSQL up? Look at the host and the port in DATABASE_URL, or at "
    "DB_HOST and DB_PORT.",
}
"""What to do about an error, by its kind; the first that fits."""
NEWER = "These tables are newer than this version: deploy the version that migrated them."


def migrate() -> None:
    """Bring our tables, and the column we need on `library`, up to date; safe to repeat."""
    with connections.cli_errors():
        database = connections.database()
        conninfo = database.conninfo()
        check_url(conninfo)
    try:
        migrations.migrate(
            conninfo,
            assets_schema=database.assets_schema_name,
            backend_schema=database.schema_name,
        )
    except CommandError as error:
        fail(f"{error}. {NEWER}")
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        advice = next((text for kind, text in ADVICE.items() if isinstance(cause, kind)), "")
        fail(f"{first_line(cause)}. {advice}".rstrip())
    out.print(f"{database.assets_schema_name} is at revision {HEAD}.")
