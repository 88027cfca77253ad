"""A write buffer for lookups: whoever adds one waits until it is stored, with others."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import count

from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore, LookupOutcome
from wxyc_assets.telemetry import logs

PAUSE_SECONDS = 0.02
"""Between two statements, so that a fast LML's answers share one."""


class LookupBuffer:
    """Stores lookups while `run` runs, the first one at once.

    A killed run loses only answers whose `put` has not returned, and would ask for them again.
    """

    def __init__(self, store: ArtworkStore, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._batches = count(1)
        self._puts: list[tuple[Sequence[LookupOutcome], asyncio.Future[None]]] = []
        self._verdicts: dict[int, bool] = {}
        self._flushing = asyncio.Lock()
        self._wanted = asyncio.Event()

    async def put(self, lookups: Sequence[LookupOutcome]) -> None:
        """Add lookups and return when they are stored; a record may be looked up once per run."""
        is_stored = asyncio.get_running_loop().create_future()
        self._puts.append((lookups, is_stored))
        self._wanted.set()
        await is_stored

    def settle(self, library_id: int, is_certain: bool) -> None:
        """Add the verdict on an unconfirmed lookup that is stored."""
        self._verdicts[library_id] = is_certain
        self._wanted.set()

    async def flush(self) -> None:
        """Store everything that was added until now; raises DatabaseError."""
        async with self._flushing:
            self._wanted.clear()
            puts, verdicts = self._puts[:], dict(self._verdicts)
            if puts:
                lookups = [lookup for put, _ in puts for lookup in put]
                await self._store.store(lookups, self._run_id)
                del self._puts[: len(puts)]  # others were added meanwhile
                self._log(lookups)
                for _, is_stored in puts:
                    if not is_stored.cancelled():
                        is_stored.set_result(None)
            if verdicts:
                await self._store.settle(verdicts)
                for library_id in verdicts:
                    del self._verdicts[library_id]

    def _log(self, lookups: Sequence[LookupOutcome]) -> None:
        outcomes = Counter(f"outcome.{each.outcome}" for each in lookups)
        step = f"batch-{next(self._batches)}"
        logs.logger().info("batch stored", step=step, scanned=len(lookups), **outcomes)

    async def run(self) -> None:
        """Flush whenever something was added, and once more when cancelled."""
        try:
            while True:
                await self._wanted.wait()
                await self.flush()
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            await self.flush()
