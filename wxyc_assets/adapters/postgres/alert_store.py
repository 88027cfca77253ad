"""The queue of alerts in `alert_outbox`: each is queued once, and sent until it is delivered."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.alerts import OpenFailure

FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=10)
BATCH_SIZE = 20
"""Alerts claimed per tick, so that a tick ends in time even when every answer is slow."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class QueuedAlert:
    """One alert for one channel, in that channel's format."""

    event_id: str
    channel: str
    subject: str
    is_recovery: bool
    occurred_at: datetime
    payload: Json


@dataclass(frozen=True, slots=True)
class ClaimedAlert:
    """A queued alert that is ours to send; no other sender claims it until its wait is over."""

    event_id: str
    channel: str
    payload: Json


class AlertStore:
    """Queue, claim and settle alerts, one statement each.

    `now` is the database's clock unless it is given: senders on several machines share it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open_failures(self) -> dict[str, OpenFailure]:
        """Return the subjects whose newest alert is not a recovery."""
        rows = await self._database.fetch("alerts/select_open_failures")
        return {row["subject"]: OpenFailure(row["since"], row["last"]) for row in rows}

    async def put(self, alerts: Iterable[QueuedAlert]) -> int:
        """Queue alerts durably, skip those already queued, and return how many were new."""
        rows = [
            {
                "event_id": each.event_id,
                "receiver": each.channel,
                "subject": each.subject,
                "is_recovery": each.is_recovery,
                "occurred_at": each.occurred_at.isoformat(),
                "payload": each.payload,
            }
            for each in alerts
        ]
        async with self._database.transaction() as transaction:
            await transaction.execute("database/synchronous_commit_on")
            return len(await transaction.fetch("alerts/put_alerts", {"alerts": Jsonb(rows)}))

    async def claim(
        self, channels: Collection[str], now: datetime | None = None
    ) -> list[ClaimedAlert]:
        """Claim alerts that are due for these channels, the oldest first."""
        rows = await self._database.fetch(
            "alerts/claim_alerts",
            {
                "now": now,
                "channels": list(channels),
                "at_most": BATCH_SIZE,
                "first_wait": FIRST_WAIT,
                "longest_wait": LONGEST_WAIT,
            },
        )
        rows.sort(key=lambda row: row["occurred_at"])
        return [ClaimedAlert(row["event_id"], row["receiver"], row["payload"]) for row in rows]

    async def mark_delivered(self, alert: ClaimedAlert, now: datetime | None = None) -> None:
        """Mark an alert as delivered."""
        await self._database.execute(
            "alerts/mark_alert_delivered",
            {"event_id": alert.event_id, "receiver": alert.channel, "now": now},
        )

    async def put_back(
        self,
        alert: ClaimedAlert,
        error: str,
        wait: timedelta | None,
        now: datetime | None = None,
    ) -> None:
        """Note a failed delivery; the next attempt is after `wait`, or after the usual one."""
        await self._database.execute(
            "alerts/put_back_alert",
            {
                "event_id": alert.event_id,
                "receiver": alert.channel,
                "error": error,
                "wait": wait,
                "now": now,
            },
        )
