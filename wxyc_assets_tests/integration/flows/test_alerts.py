"""Alerts from the occurrence to a channel on loopback, over the real queue."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wxyc_assets.adapters.alert_channels import AlertChannel, open_channels
from wxyc_assets.adapters.postgres.alert_store import (
    BATCH_SIZE,
    FIRST_WAIT,
    LONGEST_WAIT,
    AlertStore,
)
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.alerts import Details, Failure, Kind, Level, Occurrence, Subject, Success
from wxyc_assets.flows import alerts as alerting
from wxyc_assets.telemetry import sentry
from wxyc_assets.telemetry.redaction import Redaction
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.spans import switch_sentry_off
from wxyc_sandbox.sentry_sink import Addresses, Sink, serve_sink

COVERED = Subject(Kind.CHECK, "the_library_is_covered", "library_coverage")
RANGE = "0000001-0080000"
FULL = Subject(Kind.RUN, "library_full", id_range=RANGE)
RUN = "0f1e2d3c-run"
DETAILS = Details(
    places=(
        "0002501-0005000: 40 records",
        "0000001-0002500: 7 records",
        "0005001-0007500: 2 records",
        "0007501-0010000: 1 record",
    ),
    examples=("Autechre - Amber", "Chuquimamani-Condori - Edits"),
    what_to_do="docs/operating.md#covered",
)
SECRETS = ["postgresql://dj:hush-hush@db/wxyc", "sesame-of-lml"]


def now() -> datetime:
    return datetime.now(UTC)


def failure(subject: Subject = COVERED, run_id: str = RUN, **changes: Any) -> Failure:
    usual = Failure(
        subject,
        run_id,
        now(),
        "0.97 of the library is covered, the floor is 0.99",
        numbers={"covered": 0.97, "floor": 0.99, "rows": 64_376},
        facts={"ranges": '["0002501-0005000"]'},
    )
    return replace(usual, **changes)


@dataclass(frozen=True, slots=True)
class AlertHarness:
    """Queues and delivers as the sensors do."""

    store: AlertStore
    sink: Sink
    channels: Collection[AlertChannel]

    async def queue(self, *occurrences: Occurrence) -> int:
        return await alerting.queue(
            self.store,
            occurrences,
            self.channels,
            link_to=lambda run_id: f"http://dagster/runs/{run_id}",
            redaction=Redaction(SECRETS),
        )

    async def deliver(self, after: timedelta = timedelta()) -> alerting.Delivery:
        return await alerting.deliver(self.store, self.channels, now() + after)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def addresses(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Iterator[Addresses]:
    with serve_sink(sink) as addresses:
        monkeypatch.setenv("SENTRY_DSN", addresses.dsn)
        monkeypatch.setenv("SENTRY_ENVIRONMENT", "rehearsal")
        monkeypatch.setenv("SENTRY_RELEASE", "moon-pix")
        sentry.start(Redaction())
        yield addresses
        switch_sentry_off()


@asynccontextmanager
async def open_harness(
    opened: Database, sink: Sink, webhook: str | None
) -> AsyncGenerator[AlertHarness]:
    async with open_channels(webhook) as connected:
        yield AlertHarness(AlertStore(opened), sink, connected)


@pytest.fixture
async def harness(
    opened: Database, sink: Sink, addresses: Addresses
) -> AsyncGenerator[AlertHarness]:
    """Sentry only."""
    async with open_harness(opened, sink, None) as harness:
        yield harness


@pytest.fixture
async def both(opened: Database, sink: Sink, addresses: Addresses) -> AsyncGenerator[AlertHarness]:
    """Sentry and a webhook."""
    async with open_harness(opened, sink, addresses.webhook) as harness:
        yield harness


async def test_a_failure_is_one_event_with_all_its_details(harness: AlertHarness) -> None:
    occurrence = failure()
    assert await harness.queue(occurrence) == 1
    assert (await harness.deliver()).delivered == 1
    (event,) = harness.sink.events
    assert event["level"] == "error"
    assert event["fingerprint"] == ["check", "library_coverage", "the_library_is_covered", ""]
    assert event["tags"] == {
        "asset": "library_coverage",
        "check": "the_library_is_covered",
        "repo": "wxyc-assets",
        "tool": "library_coverage",
        "step": "the_library_is_covered",
        "run_id": RUN,
    }
    assert event["contexts"]["numbers"] == {"covered": 0.97, "floor": 0.99, "rows": 64_376}
    assert event["contexts"]["run"]["link"] == f"http://dagster/runs/{RUN}"
    assert event["extra"] == {"ranges": '["0002501-0005000"]'}
    assert event["logentry"]["formatted"].startswith(
        "library_coverage: the_library_is_covered fails\n0.97 of the library"
    )
    assert (event["environment"], event["release"]) == ("rehearsal", "moon-pix")
    assert datetime.fromisoformat(event["timestamp"]) == occurrence.at


async def test_an_occurrence_is_sent_once(harness: AlertHarness) -> None:
    occurrence = failure()
    for _ in range(3):
        await harness.queue(occurrence)
        await harness.deliver(timedelta(days=1))
    assert len(harness.sink.events) == 1


async def test_repeated_failures_of_a_check_are_one_group(harness: AlertHarness) -> None:
    await harness.queue(failure(run_id="one"))
    await harness.queue(failure(run_id="two"))
    await harness.deliver()
    groups = {tuple(each["fingerprint"]) for each in harness.sink.events}
    assert (len(harness.sink.events), len(groups)) == (2, 1)


async def test_a_recovery_is_sent_once_and_reopens_nothing(harness: AlertHarness) -> None:
    await harness.queue(failure())
    for run_id in ("later", "much later"):
        await harness.queue(Success(COVERED, run_id, now()))
    await harness.deliver()
    down, up = harness.sink.events
    assert up["level"] == "info"
    assert up["fingerprint"] == [*down["fingerprint"], "recovered"]
    assert up["tags"]["run_id"] == "later"
    assert up["logentry"]["formatted"] == "library_coverage: the_library_is_covered passes again"


async def test_a_success_read_again_after_a_new_failure_ends_nothing(harness: AlertHarness) -> None:
    before = Success(COVERED, "before", now())
    await harness.queue(before)
    await harness.queue(before, failure())
    await harness.queue(before)
    await harness.deliver()
    assert [each["level"] for each in harness.sink.events] == ["error"]


async def test_a_run_is_tagged_with_its_job_and_range(harness: AlertHarness) -> None:
    await harness.queue(failure(FULL))
    await harness.deliver()
    tags = harness.sink.events[0]["tags"]
    assert (
        tags.items() >= {"job": "library_full", "tool": "library_full", "id_range": RANGE}.items()
    )


async def test_a_warning_has_the_level_of_a_warning(harness: AlertHarness) -> None:
    await harness.queue(failure(level=Level.WARNING))
    await harness.deliver()
    assert harness.sink.events[0]["level"] == "warning"


@pytest.mark.parametrize("status", [500, 503, 429, 403, 413])
async def test_while_a_channel_rejects_alerts_none_is_lost_and_none_is_sent_twice(
    harness: AlertHarness, status: int
) -> None:
    harness.sink.status = status
    await harness.queue(failure())
    failed = await harness.deliver()
    assert failed.errors == {"sentry": f"HTTP {status}"}
    harness.sink.status = 200
    assert (await harness.deliver(LONGEST_WAIT)).delivered == 1
    assert (await harness.deliver(LONGEST_WAIT * 2)).delivered == 0
    assert len(harness.sink.events) == 1


async def test_an_unreachable_channel_gets_its_alert_later(
    opened: Database, sink: Sink, addresses: Addresses
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/services/secret-path"
        async with open_harness(opened, sink, nowhere) as harness:
            await harness.queue(failure())
            delivery = await harness.deliver()
    assert delivery.delivered == 1
    assert delivery.errors == {"webhook": "no answer: ConnectError"}
    async with open_harness(opened, sink, addresses.webhook) as harness:
        assert (await harness.deliver(LONGEST_WAIT)).delivered == 1
    assert (len(sink.events), len(sink.messages)) == (1, 1)


async def test_a_channel_that_is_down_is_not_called_until_its_wait_is_over(
    harness: AlertHarness,
) -> None:
    harness.sink.status = 503
    await harness.queue(failure(run_id="one"))
    await harness.queue(failure(run_id="two"))
    await harness.deliver()
    assert harness.sink.refused == 1
    await harness.deliver(FIRST_WAIT / 2)
    assert harness.sink.refused == 1
    await harness.deliver(FIRST_WAIT)
    assert harness.sink.refused == 2


async def test_retry_after_is_respected(harness: AlertHarness) -> None:
    harness.sink.status, harness.sink.retry_after = 429, "1800"
    await harness.queue(failure())
    await harness.deliver()
    harness.sink.status = 200
    assert (await harness.deliver(timedelta(minutes=29))).delivered == 0
    assert (await harness.deliver(timedelta(minutes=31))).delivered == 1


async def test_one_rejected_alert_does_not_delay_the_others(
    harness: AlertHarness, backend_db: BackendDb
) -> None:
    harness.sink.status = 413
    await harness.queue(failure(run_id="too large"))
    await harness.deliver()
    harness.sink.status = 200
    await harness.queue(failure(run_id="fine"))
    assert (await harness.deliver()).delivered == 1
    assert backend_db.value("select last_error from alert_outbox where delivered_at is null") == (
        "HTTP 413"
    )


async def test_a_sender_that_dies_after_sending_sends_the_same_event_again(
    harness: AlertHarness, backend_db: BackendDb
) -> None:
    await harness.queue(failure())
    await harness.deliver()
    backend_db.execute(
        "update alert_outbox set delivered_at = null"
    )  # as if it had died before noting that
    await harness.deliver(LONGEST_WAIT)
    first, second = harness.sink.events
    assert first["event_id"] == second["event_id"]


async def test_two_senders_do_not_claim_the_same_alert(harness: AlertHarness) -> None:
    await harness.queue(failure())
    moment = now()
    claims = [await harness.store.claim(["sentry"], moment) for _ in range(2)]
    assert [len(each) for each in claims] == [1, 0]


CLAIM_ELSEWHERE = """
import asyncio, sys
from datetime import UTC, datetime
from wxyc_assets.adapters.postgres.alert_store import AlertStore
from wxyc_assets.adapters.postgres.database import open_database

async def claim(url, schema):
    database = open_database(url, schema=schema, assets_schema="wxyc_assets", max_connections=2)
    async with database as opened:
        print(len(await AlertStore(opened).claim(["sentry"])), datetime.now(UTC).isoformat())

asyncio.run(claim(*sys.argv[1:]))
"""


@pytest.mark.parametrize("shift", ["+1h", "-1h"])
async def test_a_sender_whose_clock_is_wrong_claims_what_is_due(
    harness: AlertHarness, assets: str, schema: str, shift: str
) -> None:
    await harness.queue(failure())
    shifted = (faketime(), "--exclude-monotonic", "-f", shift, sys.executable, "-c")
    for expected in ("1", "0"):  # the second one finds that the first one has it
        claimed = subprocess.run(
            [*shifted, CLAIM_ELSEWHERE, assets, schema], capture_output=True, text=True, check=True
        )
        number, clock = claimed.stdout.split()
        assert number == expected
        assert abs(datetime.fromisoformat(clock) - now()) > timedelta(minutes=30)


def faketime() -> str:
    """Return the program that runs others with another clock, or skip."""
    if program := shutil.which("faketime"):
        return program
    pytest.skip("faketime is not installed")


async def test_a_tick_claims_a_bounded_number_oldest_first(harness: AlertHarness) -> None:
    start = now()
    many = [failure(run_id=f"{n}", at=start - timedelta(minutes=n)) for n in range(BATCH_SIZE + 5)]
    await harness.queue(*many)
    assert (await harness.deliver()).delivered == BATCH_SIZE
    assert harness.sink.events[0]["tags"]["run_id"] == f"{BATCH_SIZE + 4}"
    assert (await harness.deliver()).delivered == 5


async def test_each_channel_gets_the_alert_in_its_own_format(both: AlertHarness) -> None:
    began = failure(run_id="before", at=now() - timedelta(hours=3))
    await both.queue(began)
    await both.queue(failure(details=DETAILS))
    await both.queue(Success(COVERED, "later", now()))
    await both.deliver()
    _, down, up = both.sink.messages
    assert down["text"].splitlines() == [
        "\N{LARGE RED CIRCLE} *library_coverage: the_library_is_covered fails*: "
        "0.97 of the library is covered, the floor is 0.99",
        f"Since {began.at:%Y-%m-%d %H:%M} UTC. Worst: 0002501-0005000: 40 records, "
        "0000001-0002500: 7 records, 0005001-0007500: 2 records. For example: Autechre - Amber; "
        "Chuquimamani-Condori - Edits",
        f"<http://dagster/runs/{RUN}|run {RUN[:8]}>, what to do: docs/operating.md#covered",
    ]
    assert up["text"].startswith("\N{LARGE GREEN CIRCLE} *library_coverage")
    assert len(both.sink.events) == 3
    assert both.sink.events[1]["extra"]["places"] == [*DETAILS.places]


async def test_markup_in_a_message_stays_text(both: AlertHarness) -> None:
    await both.queue(failure(text="<!channel> & <http://evil|click>"))
    await both.deliver()
    text = both.sink.messages[0]["text"]
    assert "&lt;!channel&gt; &amp; &lt;http://evil|click&gt;" in text


async def test_no_secret_reaches_a_channel_not_even_where_a_text_is_cut(both: AlertHarness) -> None:
    padding = "x" * 2_995
    await both.queue(
        failure(
            text=f"cannot open {SECRETS[0]} with {SECRETS[1]}",
            facts={"url": "http://a:sotto@lml", SECRETS[1]: "as a name"},
        ),
        failure(run_id="cut", text=padding + SECRETS[1]),
    )
    assert (await both.deliver()).delivered == 4
    everything = b"".join(both.sink.bodies)
    assert b"[hidden]" in everything
    for secret in (b"hush", b"sesame", b"sotto"):
        assert secret not in everything
    assert b"sesam" not in everything


async def test_characters_that_postgres_cannot_store_are_replaced(harness: AlertHarness) -> None:
    await harness.queue(failure(text="a\x00b\ud800c", facts={"x\x00": "\udfff"}))
    await harness.deliver()
    assert "a?b?c" in harness.sink.events[0]["logentry"]["formatted"]


async def test_no_channel_url_is_in_the_queue_or_in_an_error(
    both: AlertHarness, backend_db: BackendDb, addresses: Addresses
) -> None:
    both.sink.status = 503
    await both.queue(failure())
    delivery = await both.deliver()
    kept = json.dumps(backend_db.rows("select * from alert_outbox"), default=str)
    for text in (kept, json.dumps(delivery.errors)):
        assert "sesame-of-the-chat" not in text
        assert "0a1b2c3d" not in text


async def test_without_channels_nothing_is_queued(opened: Database, sink: Sink) -> None:
    async with open_harness(opened, sink, None) as harness:
        assert await harness.queue(failure()) == 0
        assert (await harness.deliver()).delivered == 0
