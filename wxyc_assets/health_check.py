"""Health checks of the image's services: `python -m wxyc_assets.health_check code`.

They do without Dagster, whose import alone would cost seconds of CPU at each check. A service that
is not healthy is an exit code of 1.
"""

import os
import sys
import urllib.request
from collections.abc import Callable, Mapping

CODE_LOCATION = "127.0.0.1:4000"
WEBSERVER = "http://127.0.0.1:3000/server_info"
TIMEOUT_SECONDS = 4
HEARTBEAT_MINUTES = 2
"""Each thread of the daemon writes a heartbeat every 30 s; the daemon ends if one of them hangs."""
RECENT_HEARTBEATS = """
select count(*)
from daemon_heartbeats
where timestamp > now() at time zone 'utc' - %s * interval '1 minute'
"""


class NotHealthy(RuntimeError):
    """The service answers, but not as it should."""


def check_code_location() -> None:
    """Ask Dagster's gRPC server for its state."""
    import grpc
    from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
    from grpc_health.v1.health_pb2_grpc import HealthStub

    with grpc.insecure_channel(CODE_LOCATION) as channel:
        request = HealthCheckRequest(service="DagsterApi")
        check = HealthStub(channel).Check  # pyright: ignore[reportAttributeAccessIssue]
        answer = check(request, timeout=TIMEOUT_SECONDS)
    if answer.status != HealthCheckResponse.SERVING:
        raise NotHealthy(f"the code location's state is {answer.status}")


def check_webserver() -> None:
    """Ask the webserver for its versions."""
    with urllib.request.urlopen(WEBSERVER, timeout=TIMEOUT_SECONDS):
        pass


def check_daemon() -> None:
    """Look for a recent heartbeat in Dagster's database."""
    import psycopg

    url = os.environ["DAGSTER_PG_URL"]  # noqa: TID251
    with psycopg.connect(url, connect_timeout=TIMEOUT_SECONDS) as connection:
        row = connection.execute(RECENT_HEARTBEATS, (HEARTBEAT_MINUTES,)).fetchone()
    if row == (0,):
        raise NotHealthy(f"no heartbeat of the daemon in {HEARTBEAT_MINUTES} minutes")


CHECKS: Mapping[str, Callable[[], None]] = {
    "code": check_code_location,
    "webserver": check_webserver,
    "daemon": check_daemon,
}

if __name__ == "__main__":
    CHECKS[sys.argv[1]]()
