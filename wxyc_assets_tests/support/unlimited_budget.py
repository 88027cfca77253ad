"""A budget for tests of other things."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wxyc_assets.domain.prices import Charge, Price


class UnlimitedBudget:
    """A budget that lets everybody pass."""

    @asynccontextmanager
    async def admit(self, price: Price | None) -> AsyncGenerator[Charge]:
        yield Charge()

    async def claim_trial(self, seconds: float) -> bool:
        return True
