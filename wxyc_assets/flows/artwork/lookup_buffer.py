"""Outcomes on their way into the database: many of them a statement, none of them old."""

import asyncio

from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore, LookupOutcome

STORE_SECONDS = 1.0
"""What a killed run may lose, and would ask again."""
STORE_ROWS = 1_000


class LookupBuffer:
    """Collects lookups and stores them, at the latest after STORE_SECONDS, while `run` runs."""

    def __init__(self, artwork: ArtworkStore, run_id: str) -> None:
        self._artwork = artwork
        self._run_id = run_id
        self._lookups: list[LookupOutcome] = []
        self._turn = asyncio.Lock()
        self._is_full = asyncio.Event()
        self.stored = 0

    def put(self, lookup: LookupOutcome) -> None:
        """Takes one lookup; a row is looked up once a run."""
        self._lookups.append(lookup)
        if len(self._lookups) >= STORE_ROWS:
            self._is_full.set()

    async def store(self) -> None:
        """Stores everything that was put until now; raises DatabaseError."""
        async with self._turn:
            lookups = self._lookups[:]
            self._is_full.clear()
            if lookups:
                await self._artwork.store(lookups, self._run_id)
                del self._lookups[: len(lookups)]  # others were put meanwhile
                self.stored += len(lookups)

    async def run(self) -> None:
        """Stores now and then, and once more when it is cancelled."""
        try:
            while True:
                try:
                    async with asyncio.timeout(STORE_SECONDS):
                        await self._is_full.wait()
                except TimeoutError:
                    pass
                await self.store()
        finally:
            await self.store()
