"""Redaction: text and nested values without secrets."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

HIDDEN = "[hidden]"
SHORTEST_SECRET = 4
"""Hiding a shorter value would garble harmless text."""

SHAPES = (
    re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=\bbearer )[\w.~+/=-]+"),
    re.compile(r"(?i)(?<=\bpassword=)('[^']*'|[^\s'\"&]+)"),
    re.compile(r"(?<=hooks\.slack\.com/)[\w/]+"),
    re.compile(r"\bgh[opsu]_\w{20,}"),
)
"""Patterns of secrets that are not known by value."""


class Redaction:
    """Hides the given values, and whatever looks like a secret, in text and nested values."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets for form in _forms(secret)}
        longest_first = sorted(known, key=lambda each: (-len(each), each))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def text(self, text: str) -> str:
        """Return the text without secrets; what UTF-8 or JSONB cannot hold becomes "?"."""
        clean = text.replace("\x00", "?").encode(errors="replace").decode()
        if self._known:
            clean = self._known.sub(HIDDEN, clean)
        for shape in SHAPES:
            clean = shape.sub(HIDDEN, clean)
        return clean

    def everywhere(self, value: Any) -> Any:
        """Redact every text in nested mappings and sequences, keys included."""
        match value:
            case str():
                return self.text(value)
            case Mapping():
                pairs = cast(Mapping[Any, Any], value).items()
                return {self.everywhere(k): self.everywhere(v) for k, v in pairs}
            case Sequence() if not isinstance(value, bytes | bytearray):
                return [self.everywhere(each) for each in cast(Sequence[Any], value)]
            case _:
                return value


def _forms(secret: str) -> set[str]:
    forms = {secret, quote(secret, safe=""), unquote(secret)}
    if "://" in secret:
        password = urlsplit(secret).password or ""
        forms |= {password, unquote(password)}
    return {form for form in forms if len(form) >= SHORTEST_SECRET}
