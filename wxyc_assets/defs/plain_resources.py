"""Resources for code that runs outside of a step, where Dagster does not fill in the secrets."""

from typing import Any, TypeVar

import dagster as dg

Resource = TypeVar("Resource", bound=dg.ConfigurableResource[Any])


def with_secrets(resource: Any, kind: type[Resource]) -> Resource:
    """Return the resource with the values of its secrets."""
    fields = {name: getattr(resource, name) for name in kind.model_fields}
    return kind(**{name: _value(given) for name, given in fields.items()})


def _value(given: Any) -> Any:
    return given.get_value() if isinstance(given, dg.EnvVar) else given
