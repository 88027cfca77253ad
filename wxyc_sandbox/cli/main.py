"""The console script: bad settings are one clear error, not a traceback."""

import sys


def main() -> None:
    """Run `wxyc-sandbox`; exit code 1 where the environment cannot be used."""
    try:
        from wxyc_sandbox.cli.app import app  # reads the settings
    except ValueError as error:  # SettingsError, whose own module could not be imported
        sys.exit(f"Error: {error}")
    app()
