"""The console script: what a user can mend is one clear error, not a traceback."""

import sys

from wxyc_assets.extras import how_to_install


def main() -> None:
    """Run `wxyc-sandbox`; exit with code 1 if the environment cannot be used."""
    try:
        _run()
    except ModuleNotFoundError as missing:
        advice = how_to_install(missing)
        if advice is None:
            raise
        sys.exit(f"Error: {advice}")


def _run() -> None:
    try:
        from wxyc_sandbox.cli.app import app  # reads the settings
    except ValueError as error:  # SettingsError, whose own module could not be imported
        sys.exit(f"Error: {error}")
    from wxyc_sandbox.account import FolderOutOfReach
    from wxyc_sandbox.postgres import PostgresFailed

    try:
        app()
    except (FolderOutOfReach, PostgresFailed) as error:
        sys.exit(f"Error: {error}")
