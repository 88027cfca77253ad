"""The console script: bad settings are one clear error, not a traceback."""

import sys

from wxyc_assets.settings import SettingsError


def main() -> None:
    """Runs `wxyc-assets`; exit code 2 where the environment cannot be used."""
    try:
        from wxyc_assets.cli.app import app  # reads the settings
    except SettingsError as error:
        sys.exit(f"Error: {error}")
    app()
