"""`wxyc-assets`: what an operator runs beside Dagster."""

import typer

from wxyc_assets.cli import configuration, demo, dry_run, explain, maintenance, pretend

app = typer.Typer(
    help="WXYC's library coverage as data assets.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals may hold secrets
)
app.command()(maintenance.migrate)
app.command()(dry_run.dry_run)
app.command()(explain.explain)
app.command()(configuration.configuration)
app.command()(demo.demo)
app.command()(demo.ui)
app.add_typer(pretend.sandbox, name="sandbox")
