"""The console script: what a user can mend is one clear error, not a traceback."""

import sys

OF_THE_EXTRA = {"starlette", "uvicorn", "matplotlib"}


def main() -> None:
    """Run `wxyc-sandbox`; exit with code 1 if the environment cannot be used."""
    try:
        _run()
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package not in OF_THE_EXTRA:
            raise
        sys.exit(f"Error: {package} is missing: pip install 'wxyc-assets[sandbox]'")


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
