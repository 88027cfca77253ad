"""`wxyc-sandbox adversary`: a hostile proxy in front of the pretend LML."""

import asyncio
from typing import Annotated

import typer

from wxyc_assets.cli.console import err
from wxyc_sandbox.adversary.modes import Mode
from wxyc_sandbox.adversary.proxy import Hostility, serve_until_cancelled
from wxyc_sandbox.cli.foreground import exit_on_signals, require_free_port


def adversary(
    upstream: Annotated[str, typer.Option(help="The LML behind it: its base URL.")],
    mode: Annotated[Mode, typer.Option(help="What it does to LML's answers.")],
    every: Annotated[int, typer.Option(min=1, help="Only to every Nth call.")] = 1,
    every_row: Annotated[int, typer.Option(min=1, help="Only to every Nth row.")] = 1,
    port: Annotated[int, typer.Option(help="On 127.0.0.1.")] = 8081,
) -> None:
    """Put a hostile proxy in front of an LML until Ctrl-C, to see what a run makes of it.

    Point LIBRARY_METADATA_URL at it. The modes are described in wxyc_sandbox/adversary/modes.py.
    """
    exit_on_signals()
    require_free_port(port)
    err.print(f"The adversary ({mode}) listens on http://127.0.0.1:{port}; Ctrl-C ends it.")
    asyncio.run(serve_until_cancelled(upstream, Hostility(mode, every, every_row), port=port))
