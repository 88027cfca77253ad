"""`wxyc-sandbox`: a station to play with, for demos, tests and rehearsals."""

import typer

from wxyc_assets.cli.console import HELP_OPTIONS, options
from wxyc_sandbox.cli import adversary, demo, rehearse, station

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings=HELP_OPTIONS,
    help="A station to play with: a Backend-shaped database and a pretend LML.\n\n"
    "`demo` runs the main job on it and `ui` shows it; `up` starts it and prints the environment "
    "for your shell, `run` runs one command on it; `lml` and `seed` are its parts, for a port or a "
    "database of your own; `on-air` puts a DJ on the air; `rehearse` finds a rate that LML can "
    "bear, `adversary` puts a hostile proxy in front of an LML.\n\n"
    "The pretend LML can be told to misbehave while it runs: `curl URL/sandbox/counters` reads "
    "its counters, `PUT /sandbox/faults` takes faults such as "
    '`[{"kind": "status", "status": 503, "every": 5}]`, `PUT /sandbox/settings` changes '
    'latencies, the key or the breaker: `{"breaker": "open"}`.',
)
app.callback()(options)
app.command()(demo.demo)
app.command()(demo.ui)
app.command()(station.up)
app.command("run", context_settings={"ignore_unknown_options": True})(station.run_command)
app.command()(station.lml)
app.command()(station.seed)
app.command()(station.on_air)
app.command()(adversary.adversary)
app.command()(rehearse.rehearse)
