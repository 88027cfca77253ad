"""The console script: a bad setting is one clear error, not a traceback."""

import sys

from wxyc_assets import garbage_collector


def main() -> None:
    """Run `wxyc-assets`; exit with code 1 if the environment cannot be used."""
    try:
        with garbage_collector.paused():
            from wxyc_assets.cli.app import app
    except ValueError as error:  # SettingsError, whose own module could not be imported
        sys.exit(f"Error: {error}")
    app()
