"""Faults that can be switched on while the pretend LML runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, with_config

from wxyc_sandbox.lml.calls import Route
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
    """What goes wrong, and when: every condition that is given must hold.

    A fault numbers the calls from its being switched on: those of its route, and with `rows` only
    those that ask for one of them. `rows` are library ids for resolve, legacy release ids for
    lookups, identity ids for refresh; a poison row is a `status` of 422 or 500 with `rows`.
    """

    kind: Kind
    route: Route | None = None
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
    """How long a stalled answer stalls before the connection is dropped."""
    poison: Poison | None = None
    """Goes into the answers of `rows`, or into the last answer."""
    breaker: Breaker | None = None
    """The state a `breaker` fault puts the breaker into; the call itself goes well."""

    def __post_init__(self) -> None:
        if self.kind in ("poison", "breaker") and getattr(self, self.kind) is None:
            raise ValueError(f"a fault of kind {self.kind} says which {self.kind}")

    def concerns(self, route: Route, rows: Iterable[int]) -> bool:
        same_route = self.route in (None, route)
        return same_route and (self.rows is None or not self.rows.isdisjoint(rows))

    def strikes(self, number: int) -> bool:
        return (
            (self.every is None or number % self.every == 0)
            and (self.calls is None or number in self.calls)
            and (self.first is None or number <= self.first)
        )


FAULTS = TypeAdapter(tuple[Fault, ...])


def faults_from_json(items: Any) -> tuple[Fault, ...]:
    """A list of objects with the names of `Fault`; ValueError for anything else."""
    return FAULTS.validate_python(items)


class Switchboard:
    """The faults that are switched on, each with the number of calls it has seen."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self.faults = tuple(faults)
        self._seen = [0] * len(self.faults)

    def strike(self, route: Route, rows: Iterable[int]) -> list[Fault]:
        """Number this call, and say which faults hit it."""
        return [
            fault
            for at, fault in enumerate(self.faults)
            if fault.concerns(route, rows) and fault.strikes(self._number(at))
        ]

    def _number(self, at: int) -> int:
        self._seen[at] += 1
        return self._seen[at]
