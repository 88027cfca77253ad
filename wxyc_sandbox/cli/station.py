"""`wxyc-sandbox up`, `run`, `lml`, `seed`, `on-air`: a station to play with, whole or in parts."""

import shlex
import shutil
import signal
from functools import partial
from pathlib import Path
from threading import Event
from typing import Annotated

import typer
from psycopg.errors import (
    DuplicateFunction,
    DuplicateObject,
    DuplicateTable,
    InsufficientPrivilege,
    OperationalError,
)

from wxyc_assets.adapters.postgres.errors import first_line
from wxyc_assets.cli.console import err, fail
from wxyc_sandbox.cli.foreground import exit_on_signals, require_free_port, run_in_foreground
from wxyc_sandbox.cli.options import Scale
from wxyc_sandbox.flowsheet import stay_on_air
from wxyc_sandbox.library import SandboxLibrary, seed_library
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve_forever
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.station import SCHEMA, run_station

Seed = Annotated[int, typer.Option(help="Another seed is another library, or another LML.")]


def up(scale: Scale = 0.1) -> None:
    """Run a whole station until Ctrl-C, and print what to export to work on it."""
    exit_on_signals()
    with run_station(Path.cwd(), scale) as station:
        ours = station.variables
        typer.echo("\n".join(f"export {name}={shlex.quote(ours[name])}" for name in sorted(ours)))
        err.print("The station is up; Ctrl-C ends it.")
        signal.pause()


def run_command(
    command: Annotated[list[str], typer.Argument(help="A program and its arguments.")],
    scale: Scale = 0.1,
) -> None:
    """Run one command on a whole station, which is up for as long as the command takes."""
    exit_on_signals()
    if shutil.which(command[0]) is None:
        raise typer.BadParameter(f"there is no program {command[0]!r}")
    with run_station(Path.cwd(), scale) as station:
        raise typer.Exit(run_in_foreground(command, station.environment))


def lml(
    port: Annotated[int, typer.Option(help="On 127.0.0.1; 0 is any free one.")] = 8080,
    scale: Scale = 0.1,
    seed: Seed = 1,
    api_key: Annotated[str | None, typer.Option(help="The key it asks for; none: open.")] = None,
    base_latency: Annotated[float, typer.Option(help="Seconds a bulk call takes, empty.")] = 0.05,
    row_latency: Annotated[float, typer.Option(help="Seconds more for each row of it.")] = 0.001,
    lookup_latency: Annotated[float, typer.Option(help="Seconds a lookup takes.")] = 0.01,
) -> None:
    """Run the pretend LML alone, over the catalogue of a library at this scale."""
    settings = LmlSettings(
        seed=seed,
        api_key=api_key,
        base_latency_seconds=base_latency,
        row_latency_seconds=row_latency,
        lookup_latency_seconds=lookup_latency,
    )
    require_free_port(port)
    err.print(f"The pretend LML listens on http://127.0.0.1:{port}; Ctrl-C ends it.")
    serve_forever(PretendLml(settings, SandboxLibrary(scale=scale).catalogue()), port=port)


def on_air(
    database_url: Annotated[str, typer.Argument(help="The station's: its DATABASE_URL.")],
    schema: Annotated[str, typer.Option(help="The Backend's schema there.")] = SCHEMA,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two tracks.")] = 30.0,
) -> None:
    """Put a DJ on the air until Ctrl-C: runs pause, until a minute after the last track."""
    exit_on_signals()
    err.print("A DJ is on the air; Ctrl-C ends the show.")
    stay_on_air(database_url, schema, wait=partial(Event().wait, every))


def seed(
    database_url: Annotated[str, typer.Argument(help="An empty database; needs a superuser.")],
    schema: Annotated[str, typer.Option(help="The schema to create there.")] = SCHEMA,
    scale: Scale = 0.1,
    seed: Seed = 1994,
) -> None:
    """Put a Backend-shaped library into a database."""
    try:
        counts = seed_library(database_url, schema, SandboxLibrary(scale=scale, seed=seed))
    except (DuplicateTable, DuplicateFunction, DuplicateObject):
        fail(f"The schema {schema} is filled already: take an empty database, or another --schema.")
    except InsufficientPrivilege as error:
        fail(f"{first_line(error)}. Seeding needs a superuser.")
    except OperationalError as error:
        fail(f"{first_line(error)}. Is PostgreSQL up, and are host and port right?")
    for table, rows in counts.items():
        typer.echo(f"{rows:>8,} {table}")
