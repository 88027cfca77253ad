"""A small library with the station's distribution, spread over several ranges."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import Any

from wxyc_assets.adapters.lml import bulk_resolve
from wxyc_assets.domain.ranges import IdRange, tile
from wxyc_assets_tests.support.sample_library import few_credits
from wxyc_sandbox.credits import Credit
from wxyc_sandbox.library import SandboxLibrary
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.delivery import has_disconnected
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.lml.wire import Message, Receive, Send
from wxyc_sandbox.records import RecordGenerator

SEED = 1994
SCALE = 0.01
ID_SPACING = 21
RANGE_WIDTH = 2_500
"""As in the settings that this process has already read."""
CEILING = 15_000
RANGES = [*tile(CEILING, RANGE_WIDTH)]

SLOW = LmlSettings(seed=SEED, base_latency_seconds=0.03, row_latency_seconds=0)
"""Slow enough for an observer to follow."""
GATE_POLL_SECONDS = 0.02
AT_ONCE = LmlSettings(seed=SEED, base_latency_seconds=0, row_latency_seconds=0)


@dataclass(frozen=True)
class SpacedRecordGenerator(RecordGenerator):
    """The same records with wider gaps between their ids."""

    @cached_property
    def ids(self) -> list[int]:
        return [ID_SPACING * each for each in RecordGenerator(self.scale, self.seed).ids]


@dataclass(frozen=True)
class SmallLibrary(SandboxLibrary):
    """About 650 records in six ranges, and few credits of each compilation."""

    scale: float = SCALE
    seed: int = SEED
    credits_of: Callable[[int, int], Sequence[Credit]] = few_credits

    @cached_property
    def generator(self) -> RecordGenerator:
        return SpacedRecordGenerator(self.scale, self.seed)


class AskedRecords:
    """Log of the records that LML computes an answer for, with their times."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, int]] = []

    def __call__(self, row: dict[str, Any]) -> None:
        """Log an input of the pretend LML; return no special answer."""
        self.asked.append((monotonic(), row["library_id"]))

    def since(self, number: int) -> list[int]:
        """Return the ids logged after the first `number` ones."""
        return [library_id for _, library_id in self.asked[number:]]


class Gate:
    """ASGI middleware that can make bulk-resolve calls wait, so that no run gets too far ahead."""

    def __init__(self, lml: PretendLml, asked_records: AskedRecords) -> None:
        self._lml = lml
        self._asked_records = asked_records
        self._limit: int | None = None

    def close_after(self, records: int) -> None:
        """Hold calls once so many more records were asked about."""
        self._limit = len(self._asked_records.asked) + records

    def open(self) -> None:
        """Let every call through, but those whose caller has gone."""
        self._limit = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["path"] == bulk_resolve.PATH:
            while self._limit is not None and len(self._asked_records.asked) >= self._limit:
                await asyncio.sleep(GATE_POLL_SECONDS)
            if has_disconnected(scope):
                return
        await self._lml(scope, receive, send)


@dataclass(frozen=True, slots=True)
class ServedLml:
    """A pretend LML over real HTTP."""

    url: str
    lml: PretendLml
    asked_records: AskedRecords
    gate: Gate

    def inject(self, *faults: Fault) -> None:
        """Replace the active faults."""
        self.lml.faults = faults

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.lml.faults = ()

    @property
    def calls(self) -> int:
        """The number of bulk-resolve calls."""
        return self.lml.counters.calls["resolve"]


@contextmanager
def served(settings: LmlSettings = AT_ONCE, faults: Sequence[Fault] = ()) -> Generator[ServedLml]:
    """Serve a pretend LML, by default without latency."""
    asked_records = AskedRecords()
    lml = PretendLml(settings, answers=asked_records, faults=faults, credits=few_credits)
    gate = Gate(lml, asked_records)
    with serve(gate) as url:
        yield ServedLml(url, lml, asked_records, gate)


def range_of(library_id: int) -> IdRange:
    """Return the range that contains a record."""
    return next(each for each in RANGES if library_id in each)
