"""`wxyc-assets migrate`: bring our own tables up to date."""

import typer
from alembic.util import CommandError
from psycopg.errors import UndefinedTable
from sqlalchemy.exc import SQLAlchemyError

from wxyc_assets.adapters.postgres.connections import check_url
from wxyc_assets.cli import connections
from wxyc_assets.cli.console import err, out
from wxyc_assets.migrations import HEAD
from wxyc_assets.migrations import run as migrations

NEWER = "These tables are newer than this version: deploy the version that migrated them."
WHY_NO_TABLE = ". Is WXYC_SCHEMA_NAME right, and may this role use that schema?"


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
        err.print(f"[bold red]Error:[/] {error}. {NEWER}", soft_wrap=True)
        raise typer.Exit(1) from None
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        advice = WHY_NO_TABLE if isinstance(cause, UndefinedTable) else ""
        said = str(cause).partition("\n")[0] + advice
        err.print(f"[bold red]Error:[/] {said}", soft_wrap=True)
        raise typer.Exit(1) from None
    out.print(f"{database.assets_schema_name} is at revision {HEAD}.")
