"""Alerts on their way to people, in `alert_outbox`: queued once, sent until they have arrived."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.postgres.database import Database

FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=10)
AT_MOST = 20
"""Alerts a tick, so that it ends in time also when each answer is slow."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class QueuedAlert:
    """One alert to one receiver, in the receiver's own form."""

    event_id: str
    receiver: str
    subject: str
    is_recovery: bool
    occurred_at: datetime
    payload: Json


@dataclass(frozen=True, slots=True)
class ClaimedAlert:
    """A letter that is ours to send; nobody else takes it until its wait is over."""

    event_id: str
    receiver: str
    payload: Json


class AlertStore:
    """The table, statement by statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open_troubles(self) -> dict[str, datetime]:
        """Subjects whose newest alert is no recovery, and when that trouble occurred."""
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch("alerts/select_open_troubles")
        return {row["subject"]: row["occurred_at"] for row in rows}

    async def put(self, letters: Iterable[QueuedAlert]) -> int:
        """Queues what is not there yet, for good when this returns; how many were new."""
        rows = [
            {
                "event_id": each.event_id,
                "receiver": each.receiver,
                "subject": each.subject,
                "is_recovery": each.is_recovery,
                "occurred_at": each.occurred_at.isoformat(),
                "payload": each.payload,
            }
            for each in letters
        ]
        async with self._database.transaction() as transaction:
            await transaction.execute("database/synchronous_commit_on")
            return len(await transaction.fetch("alerts/put_alerts", {"alerts": Jsonb(rows)}))

    async def claim(self, receivers: Collection[str], now: datetime) -> list[ClaimedAlert]:
        """What is due for these receivers, oldest first."""
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch(
                "alerts/claim_alerts",
                {
                    "now": now,
                    "receivers": list(receivers),
                    "at_most": AT_MOST,
                    "first_wait": FIRST_WAIT,
                    "longest_wait": LONGEST_WAIT,
                },
            )
        rows.sort(key=lambda row: row["occurred_at"])
        return [ClaimedAlert(row["event_id"], row["receiver"], row["payload"]) for row in rows]

    async def mark_delivered(self, letter: ClaimedAlert, now: datetime) -> None:
        """It has arrived."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                "alerts/mark_alert_delivered",
                {"event_id": letter.event_id, "receiver": letter.receiver, "now": now},
            )

    async def put_back(self, letter: ClaimedAlert, error: str, not_before: datetime | None) -> None:
        """It has not arrived; it goes out again after its wait, or when the receiver said."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                "alerts/put_back_alert",
                {
                    "event_id": letter.event_id,
                    "receiver": letter.receiver,
                    "error": error,
                    "not_before": not_before,
                },
            )
