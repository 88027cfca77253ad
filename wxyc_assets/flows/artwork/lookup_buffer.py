"""A write buffer for lookups: many of them per statement, none of them old."""

import asyncio
from collections import Counter
from itertools import count

from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore, LookupOutcome
from wxyc_assets.telemetry import logs

STORE_SECONDS = 1.0
"""What a killed run may lose, and would ask again."""
STORE_ROWS = 1_000


class LookupBuffer:
    """Collects lookups and stores them, after STORE_SECONDS at the latest, while `run` runs."""

    def __init__(self, store: ArtworkStore, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._batches = count(1)
        self._lookups: list[LookupOutcome] = []
        self._flushing = asyncio.Lock()
        self._is_full = asyncio.Event()

    def put(self, lookup: LookupOutcome) -> None:
        """Add one lookup; a record may be looked up once per run."""
        self._lookups.append(lookup)
        if len(self._lookups) >= STORE_ROWS:
            self._is_full.set()

    async def flush(self) -> None:
        """Store everything that was put until now; raises DatabaseError."""
        async with self._flushing:
            lookups = self._lookups[:]
            self._is_full.clear()
            if lookups:
                await self._store.store(lookups, self._run_id)
                del self._lookups[: len(lookups)]  # others were put meanwhile
                outcomes = Counter(f"outcome.{each.outcome}" for each in lookups)
                step = f"batch-{next(self._batches)}"
                logs.logger().info("batch stored", step=step, scanned=len(lookups), **outcomes)

    async def run(self) -> None:
        """Flush when full or after STORE_SECONDS, and once more when cancelled."""
        try:
            while True:
                try:
                    async with asyncio.timeout(STORE_SECONDS):
                        await self._is_full.wait()
                except TimeoutError:
                    pass
                await self.flush()
        finally:
            await self.flush()
