"""Celery's results in Redis, for a run that is told when its steps are lost.

To Celery a result that is not there is pending: a run would wait forever for a step that was queued
in a Redis that was started again without its data.
"""

from typing import Any

from celery import states
from celery.backends.redis import RedisBackend

SENT = "SENT"
SETTINGS = {
    "override_backends": dict.fromkeys(("redis", "rediss"), f"{__name__}:SentStepsBackend"),
    "result_expires": None,  # a step may wait or work for longer than Celery's day
}


class StepLost(RuntimeError):
    """Redis no longer knows a step that it was sent: it lost its data."""


class SentStepsBackend(RedisBackend):
    """Records each step as sent before it is queued; raises StepLost for one without a record."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sent: set[str] = set()

    def on_task_call(self, producer: Any, task_id: str) -> None:
        super().on_task_call(producer, task_id)
        self.store_result(task_id, None, SENT)
        self._sent.add(task_id)

    def _get_task_meta_for(self, task_id: str) -> Any:
        meta: Any = super()._get_task_meta_for(task_id)
        if meta["status"] == states.PENDING and task_id in self._sent:
            raise StepLost(
                "Redis was started again without the steps that were queued in it. Run it again: "
                "what is stored is not asked for again. A worker that still has a step completes it"
            )
        return meta
