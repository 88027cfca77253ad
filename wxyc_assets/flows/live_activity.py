"""Giving way to the DJs: no call to LML begins while somebody is on the air and logging."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import NoReturn, Protocol

from wxyc_assets.adapters.lml.errors import LiveActivityTimeout
from wxyc_assets.domain.live_activity import LiveActivityLimits
from wxyc_assets.telemetry import logs

CHECK_INTERVAL_SECONDS = 1.0
"""Between two looks at a quiet flowsheet: a lookup may take less than the look."""
LEAST_WAIT_SECONDS = 0.01


class Flowsheet(Protocol):
    """The station's flowsheet."""

    async def is_live(self, lookback_seconds: float) -> bool: ...


class LiveActivity:
    """Holds calls back while a DJ is on the air, for all callers of this process at once."""

    def __init__(
        self,
        flowsheet: Flowsheet,
        limits: LiveActivityLimits,
        *,
        check_interval: float = CHECK_INTERVAL_SECONDS,
    ) -> None:
        self._flowsheet = flowsheet
        self._limits = limits
        self._check_interval = check_interval
        self._check_lock = asyncio.Lock()
        self._next_check = float("-inf")
        self._gave_up: LiveActivityTimeout | None = None
        self.pauses = 0
        self.paused_seconds = 0.0

    def figures(self) -> dict[str, float]:
        """Return the pauses by the names that dashboards use."""
        return {
            "live_activity.pauses": self.pauses,
            "live_activity.paused_seconds": round(self.paused_seconds, 1),
        }

    async def give_way(self) -> None:
        """Return once no DJ is on the air; raise LiveActivityTimeout at the ceiling.

        Raises DatabaseError, too.
        """
        if not self._limits.lookback_seconds or not self._is_check_due:
            return
        async with self._check_lock:
            if self._gave_up:
                raise self._gave_up
            if self._is_check_due and await self._is_live():
                with self._paused():
                    await self._wait_until_quiet()

    @property
    def _is_check_due(self) -> bool:
        return asyncio.get_running_loop().time() >= self._next_check

    async def _is_live(self) -> bool:
        is_live = await self._flowsheet.is_live(self._limits.lookback_seconds)
        if not is_live:
            self._next_check = asyncio.get_running_loop().time() + self._check_interval
        return is_live

    @contextmanager
    def _paused(self) -> Generator[None]:
        """Count and log the pause that the block is."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.pauses += 1
        logs.logger().info("paused, because a DJ is on the air", step="pause")
        try:
            yield
        finally:
            seconds = loop.time() - began
            self.paused_seconds += seconds
            logs.logger().info("pause ended", step="pause", seconds=round(seconds, 1))

    async def _wait_until_quiet(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        is_live = True
        while is_live:
            left = self._limits.max_pause_seconds - (loop.time() - began)
            if left < LEAST_WAIT_SECONDS:
                self._give_up()
            await asyncio.sleep(min(self._limits.pause_seconds, left))
            is_live = await self._is_live()

    def _give_up(self) -> NoReturn:
        ceiling_ms = round(self._limits.max_pause_seconds * 1000)
        self._gave_up = LiveActivityTimeout(
            "A DJ has been on the air for longer than a run gives way "
            f"(LIVE_ACTIVITY_MAX_PAUSE_MS={ceiling_ms}). What was done so far is kept; run again "
            "after the show."
        )
        raise self._gave_up
