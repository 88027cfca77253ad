"""Dagster's own storage, which may fail over in the middle of a run, too."""

import dagster as dg
import stamina
from dagster_postgres.utils import DagsterPostgresException
from sqlalchemy.exc import InterfaceError, OperationalError

from wxyc_assets.telemetry import logs

LONGEST_FAILOVER_SECONDS = 180.0
AWAY = (DagsterPostgresException, InterfaceError, OperationalError)


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
