"""Faults that can be injected while the pretend LML runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, with_config

from wxyc_sandbox.lml.calls import RouteName
from wxyc_sandbox.lml.settings import Breaker

Kind = Literal[
    "status",
    "stalled_head",
    "stalled_body",
    "closed_head",
    "closed_body",
    "malformed",
    "short",
    "surplus",
    "duplicated",
    "foreign",
    "reordered",
    "results_missing",
    "results_null",
    "poison",
    "breaker",
]
Poison = Literal[
    "nul",
    "surrogate",
    "long_text",
    "null_external_id",
    "confidence_too_high",
    "nan",
    "unknown_status",
    "error_status",
]
Body = Literal["json", "text", "html", "empty"]


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and its conditions, all of which must be met.

    From its injection on, a fault numbers the calls of its route; with `rows`, only those that ask
    for one of these rows. `rows` are library ids for resolve, legacy release ids for lookups and
    identity ids for refresh; a poison row is a `status` of 422 or 500 with `rows`.
    """

    kind: Kind
    route: RouteName | None = None
    """None: any route."""
    every: int | None = None
    """Every Nth call."""
    calls: frozenset[int] | None = None
    """Calls of these numbers, from 1."""
    first: int | None = None
    """The first N calls."""
    rows: frozenset[int] | None = None

    status: int = 500
    body: Body = "json"
    retry_after_seconds: float | None = None
    retry_after_as_date: bool = False
    seconds: float = 600.0
    """Duration of a stall, after which the connection is closed."""
    poison: Poison | None = None
    """The bad value for the results of `rows`, or for the last result."""
    breaker: Breaker | None = None
    """The breaker's state after a `breaker` fault; the call itself succeeds."""

    def __post_init__(self) -> None:
        if self.kind in ("poison", "breaker") and getattr(self, self.kind) is None:
            raise ValueError(f"a fault of kind {self.kind} needs to say which {self.kind}")

    def applies_to(self, route: RouteName, rows: Iterable[int]) -> bool:
        """Return True if the fault counts a call of this route for these rows."""
        same_route = self.route in (None, route)
        return same_route and (self.rows is None or not self.rows.isdisjoint(rows))

    @property
    def is_lasting(self) -> bool:
        """True if the fault hits every call."""
        return self.every is None and self.calls is None and self.first is None

    def is_due(self, number: int) -> bool:
        """Return True if the fault hits the call with this number."""
        return (
            (self.every is None or number % self.every == 0)
            and (self.calls is None or number in self.calls)
            and (self.first is None or number <= self.first)
        )


FAULTS = TypeAdapter(tuple[Fault, ...])


def faults_from_json(items: Any) -> tuple[Fault, ...]:
    """Return the faults of a JSON list whose objects have the fields of `Fault`.

    Raises ValueError for anything else.
    """
    return FAULTS.validate_python(items)


class FaultInjector:
    """The active faults, each with the number of calls it has counted."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self.faults = tuple(faults)
        self._seen = [0] * len(self.faults)

    def faults_for(self, route: RouteName, rows: Iterable[int]) -> list[Fault]:
        """Count this call and return the faults that hit it."""
        return [
            fault
            for at, fault in enumerate(self.faults)
            if fault.applies_to(route, rows) and fault.is_due(self._number(at))
        ]

    def lasting_faults(self, route: RouteName) -> list[Fault]:
        """Return the faults that hit every call of a route, without counting one."""
        return [fault for fault in self.faults if fault.applies_to(route, ()) and fault.is_lasting]

    def _number(self, at: int) -> int:
        self._seen[at] += 1
        return self._seen[at]
