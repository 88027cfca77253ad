"""The console script: bad settings are one clear error, not a traceback."""

import sys


def main() -> None:
    """Runs `wxyc-assets`; exit code 1 where the environment cannot be used."""
    try:
        from wxyc_assets.cli.app import app
    except ValueError as error:  # SettingsError, whose own module could not be imported
        sys.exit(f"Error: {error}")
    app()
