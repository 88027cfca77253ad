"""The console script: a bad setting is one clear error, not a traceback."""

import sys


def main() -> None:
    """Run `wxyc-assets`; exit with code 1 if the environment cannot be used."""
    try:
        from wxyc_assets.cli.app import app
    except ValueError as error:  # SettingsError, whose own module could not be imported
        sys.exit(f"Error: {error}")
    app()
