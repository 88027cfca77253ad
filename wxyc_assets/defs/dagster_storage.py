"""Dagster's own storage: its connections, and its failover in the middle of a run."""

from typing import Any

import dagster as dg
import stamina
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import DagsterPostgresException
from sqlalchemy.exc import InterfaceError, OperationalError

from wxyc_assets.defs.dagster_internals import remember_columns, reuse_connections
from wxyc_assets.telemetry import logs

LONGEST_FAILOVER_SECONDS = 180.0
AWAY = (DagsterPostgresException, InterfaceError, OperationalError)


class ReusingPostgresStorage(DagsterPostgresStorage):
    """Dagster's storage in PostgreSQL, whose connections serve several events each.

    The command line and the daemon record an event for each range of a run before it begins, and
    Dagster's own class opens two connections for each: 200 for an identity run over all ranges. It
    also looks for the same columns again and again.
    """

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> DagsterPostgresStorage:
        """Return Dagster's storage as configured in dagster.yaml; Dagster calls this."""
        storage = super().from_config_value(inst_data, config_value)
        reuse_connections(storage.run_storage, storage.event_log_storage)
        remember_columns(storage.run_storage, storage.event_log_storage)
        return storage


def stored_run(
    instance: dg.DagsterInstance, run_id: str, *, at_most: float = LONGEST_FAILOVER_SECONDS
) -> dg.DagsterRun | None:
    """Return a run as it is stored, once the storage answers; None if it stays away.

    A run that ends while the storage is away is "started" there for good, and keeps its place in
    the queue. So what ends a run asks for it first, and waits `at_most` these seconds, longer than
    a failover takes.
    """
    try:
        return instance.get_run_by_id(run_id)
    except AWAY:
        logs.logger().warning("waiting for Dagster's storage", at_most=at_most)
    try:
        for attempt in stamina.retry_context(on=AWAY, attempts=None, timeout=at_most):
            with attempt:
                return instance.get_run_by_id(run_id)
    except AWAY as error:
        logs.logger().error("Dagster's storage stays away", why=type(error).__name__)
    return None
