"""`wxyc-assets configuration`: every variable, from the code that reads it."""

from collections.abc import Iterator

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from wxyc_assets.settings import Settings

SECRETS = {
    "DATABASE_URL": "the Backend database; or DB_HOST and its like: required",
    "DB_PASSWORD": "the Backend database's password, when no DATABASE_URL",
    "LML_API_KEY": "LML's key: required unless LOCAL_DEV=1",
    "DAGSTER_PG_URL": "Dagster's own storage: required by dagster.yaml",
    "GITHUB_TOKEN": "for the deploy gate's look at GitHub",
    "ALERT_WEBHOOK_URL": "where alerts go beside Sentry, as Slack takes them",
    "SENTRY_DSN": "where Sentry listens; without it nothing is sent",
}
OF_LIBRARIES = {
    "SENTRY_ENVIRONMENT": "the environment that Sentry shows",
    "SENTRY_RELEASE": "the release that Sentry shows",
    "DAGSTER_HOME": "the folder of our dagster.yaml; without it a run's instance ends with it",
    "DAGSTER_EVENT_BATCH_SIZE": "how many events Dagster stores at once; 1000, as in the image, "
    "makes short work of a run's end",
    "CELERY_BROKER_URL": "the queue of steps, on several machines",
    "CELERY_RESULT_BACKEND": "where Celery keeps how steps ended",
}


def configuration() -> None:
    """Print every environment variable, its default and its meaning, as Markdown."""
    typer.echo("\n".join(page()))


def page() -> Iterator[str]:
    """`docs/configuration.md`, line by line."""
    yield "# Configuration"
    yield ""
    yield "Made by `wxyc-assets configuration`. A bad value is named with what is allowed, before"
    yield "anything is touched."
    yield ""
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for name, field in Settings.model_fields.items():
        yield f"| `{name.upper()}` | {_default(field)} | {field.description}{_bounds(field)} |"
    yield ""
    yield "Secrets are read when a run needs them, and shown nowhere:"
    yield ""
    yield from _table(SECRETS)
    yield ""
    yield "Sentry, Dagster and Celery read their own:"
    yield ""
    yield from _table(OF_LIBRARIES)


def _table(variables: dict[str, str]) -> Iterator[str]:
    yield "| variable | meaning |"
    yield "|---|---|"
    for name, meaning in variables.items():
        yield f"| `{name}` | {meaning} |"


def _default(field: FieldInfo) -> str:
    if field.default in (None, "", PydanticUndefined):
        return ""
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


def _bounds(field: FieldInfo) -> str:
    signs = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
    said = [
        f"{word} {getattr(rule, sign):.10g}"
        for rule in field.metadata
        for sign, word in signs.items()
        if hasattr(rule, sign)
    ]
    return f" ({' '.join(said)})" if said else ""
