"""`wxyc-assets migrate`: our own tables, brought up to date."""

import typer
from sqlalchemy.exc import SQLAlchemyError

from wxyc_assets.cli import connections
from wxyc_assets.cli.console import err, out
from wxyc_assets.migrations import HEAD
from wxyc_assets.migrations import run as migrations


def migrate() -> None:
    """Bring our tables, and the one column we need on `library`, up to date; safe to repeat."""
    with connections.told_to_people():
        database = connections.database()
        conninfo = database.conninfo()
    try:
        migrations.migrate(
            conninfo,
            assets_schema=database.assets_schema_name,
            backend_schema=database.schema_name,
        )
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        err.print(f"[bold red]Error:[/] {str(cause).partition(chr(10))[0]}", soft_wrap=True)
        raise typer.Exit(1) from None
    out.print(f"{database.assets_schema_name} is at revision {HEAD}.")
