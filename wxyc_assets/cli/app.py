"""`wxyc-assets`: the operator's commands beside Dagster."""

import typer

from wxyc_assets.cli import (
    accept_coverage,
    configuration,
    dry_run,
    explain,
    maintenance,
    refused,
    replay,
    report,
    revert,
    review,
    rotation,
    sample,
    verdicts,
)
from wxyc_assets.cli.console import HELP_OPTIONS, options

app = typer.Typer(
    help="WXYC's library coverage as data assets.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals may hold secrets
    context_settings=HELP_OPTIONS,
)
app.callback()(options)
app.command()(maintenance.migrate)
app.command()(dry_run.dry_run)
app.command()(explain.explain)
app.command()(refused.refused)
app.command()(replay.replay)
app.command()(report.report)
app.command()(review.review)
app.command()(verdicts.verdicts)
app.command()(sample.sample)
app.command()(accept_coverage.accept_coverage)
app.command()(revert.revert)
app.command()(configuration.configuration)
app.command()(rotation.rotation_dry_run)
app.command()(rotation.smoke)
