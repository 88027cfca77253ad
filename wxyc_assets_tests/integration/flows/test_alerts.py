"""Alerts from the occurrence to a receiver on loopback, over a real outbox."""

import json
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wxyc_assets.adapters import alert_channels as receivers
from wxyc_assets.adapters.postgres.alert_store import AT_MOST, FIRST_WAIT, LONGEST_WAIT, AlertStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.alerts import Kind, Level, Occurrence, Subject, Success, Trouble
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
SECRETS = ["postgresql://dj:hush-hush@db/wxyc", "sesame-of-lml"]


def now() -> datetime:
    return datetime.now(UTC)


def trouble(subject: Subject = COVERED, run_id: str = RUN, **changes: Any) -> Trouble:
    usual = Trouble(
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
    """Queue and deliver, as the sensors do."""

    outbox: AlertStore
    sink: Sink
    receivers: receivers.Collection[receivers.AlertChannel]

    async def queue(self, *occurrences: Occurrence) -> int:
        return await alerting.queue(
            self.outbox,
            occurrences,
            self.receivers,
            link_to=lambda run_id: f"http://dagster/runs/{run_id}",
            redaction=Redaction(SECRETS),
        )

    async def deliver(self, after: timedelta = timedelta()) -> alerting.Delivery:
        return await alerting.deliver(self.outbox, self.receivers, now() + after)


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
async def desk_with(
    opened: Database, sink: Sink, webhook: str | None
) -> AsyncGenerator[AlertHarness]:
    async with receivers.open_channels(webhook) as connected:
        yield AlertHarness(AlertStore(opened), sink, connected)


@pytest.fixture
async def harness(
    opened: Database, sink: Sink, addresses: Addresses
) -> AsyncGenerator[AlertHarness]:
    """Sentry alone."""
    async with desk_with(opened, sink, None) as harness:
        yield harness


@pytest.fixture
async def both(opened: Database, sink: Sink, addresses: Addresses) -> AsyncGenerator[AlertHarness]:
    """Sentry and a chat."""
    async with desk_with(opened, sink, addresses.webhook) as harness:
        yield harness


async def test_a_trouble_is_one_event_with_everything_one_needs(harness: AlertHarness):
    happened = trouble()
    assert await harness.queue(happened) == 1
    assert (await harness.deliver()).arrived == 1
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
        "library_coverage: the_library_is_covered does not hold\n0.97 of the library"
    )
    assert (event["environment"], event["release"]) == ("rehearsal", "moon-pix")
    assert datetime.fromisoformat(event["timestamp"]) == happened.at


async def test_what_was_told_is_not_told_again(harness: AlertHarness):
    happened = trouble()
    for _ in range(3):
        await harness.queue(happened)
        await harness.deliver(timedelta(days=1))
    assert len(harness.sink.events) == 1


async def test_each_run_that_finds_it_again_tells_it_into_the_same_group(harness: AlertHarness):
    await harness.queue(trouble(run_id="one"))
    await harness.queue(trouble(run_id="two"))
    await harness.deliver()
    groups = {tuple(each["fingerprint"]) for each in harness.sink.events}
    assert (len(harness.sink.events), len(groups)) == (2, 1)


async def test_a_recovery_is_told_once_and_reopens_nothing(harness: AlertHarness):
    await harness.queue(trouble())
    for run_id in ("later", "much later"):
        await harness.queue(Success(COVERED, run_id, now()))
    await harness.deliver()
    down, up = harness.sink.events
    assert up["level"] == "info"
    assert up["fingerprint"] == [*down["fingerprint"], "recovered"]
    assert up["tags"]["run_id"] == "later"
    assert up["logentry"]["formatted"] == "library_coverage: the_library_is_covered holds again"


async def test_a_success_that_is_read_again_after_a_new_trouble_ends_nothing(harness: AlertHarness):
    before = Success(COVERED, "before", now())
    await harness.queue(before)
    await harness.queue(before, trouble())
    await harness.queue(before)
    await harness.deliver()
    assert [each["level"] for each in harness.sink.events] == ["error"]


async def test_a_run_is_tagged_with_its_job_and_range(harness: AlertHarness):
    await harness.queue(trouble(FULL))
    await harness.deliver()
    tags = harness.sink.events[0]["tags"]
    assert (
        tags.items() >= {"job": "library_full", "tool": "library_full", "id_range": RANGE}.items()
    )


async def test_a_warning_is_told_as_one(harness: AlertHarness):
    await harness.queue(trouble(level=Level.WARNING))
    await harness.deliver()
    assert harness.sink.events[0]["level"] == "warning"


@pytest.mark.parametrize("status", [500, 503, 429, 403, 413])
async def test_while_the_receiver_says_no_nothing_is_lost_and_nothing_arrives_twice(
    harness: AlertHarness, status: int
):
    harness.sink.status = status
    await harness.queue(trouble())
    failed = await harness.deliver()
    assert failed.errors == {"sentry": f"HTTP {status}"}
    harness.sink.status = 200
    assert (await harness.deliver(LONGEST_WAIT)).arrived == 1
    assert (await harness.deliver(LONGEST_WAIT * 2)).arrived == 0
    assert len(harness.sink.events) == 1


async def test_nobody_listens_and_later_somebody_does(
    opened: Database, sink: Sink, addresses: Addresses
):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/services/secret-path"
        async with desk_with(opened, sink, nowhere) as harness:
            await harness.queue(trouble())
            delivery = await harness.deliver()
    assert delivery.arrived == 1
    assert delivery.errors == {"webhook": "no answer: ConnectError"}
    async with desk_with(opened, sink, addresses.webhook) as harness:
        assert (await harness.deliver(LONGEST_WAIT)).arrived == 1
    assert (len(sink.events), len(sink.messages)) == (1, 1)


async def test_a_receiver_that_is_down_is_left_alone_for_a_while(harness: AlertHarness):
    harness.sink.status = 503
    await harness.queue(trouble(run_id="one"))
    await harness.queue(trouble(run_id="two"))
    await harness.deliver()
    assert harness.sink.refused == 1
    await harness.deliver(FIRST_WAIT / 2)
    assert harness.sink.refused == 1
    await harness.deliver(FIRST_WAIT)
    assert harness.sink.refused == 2


async def test_the_receivers_own_wish_to_wait_is_granted(harness: AlertHarness):
    harness.sink.status, harness.sink.retry_after = 429, "1800"
    await harness.queue(trouble())
    await harness.deliver()
    harness.sink.status = 200
    assert (await harness.deliver(timedelta(minutes=29))).arrived == 0
    assert (await harness.deliver(timedelta(minutes=31))).arrived == 1


async def test_one_refused_letter_does_not_hold_up_the_others(
    harness: AlertHarness, backend_db: BackendDb
):
    harness.sink.status = 413
    await harness.queue(trouble(run_id="too large"))
    await harness.deliver()
    harness.sink.status = 200
    await harness.queue(trouble(run_id="fine"))
    assert (await harness.deliver()).arrived == 1
    assert backend_db.value("select last_error from alert_outbox where delivered_at is null") == (
        "HTTP 413"
    )


async def test_a_sender_that_dies_after_sending_sends_the_same_event_again(
    harness: AlertHarness, backend_db: BackendDb
):
    await harness.queue(trouble())
    await harness.deliver()
    backend_db.execute("update alert_outbox set delivered_at = null")  # it never came to note that
    await harness.deliver(LONGEST_WAIT)
    first, second = harness.sink.events
    assert first["event_id"] == second["event_id"]


async def test_two_senders_do_not_take_the_same_letter(harness: AlertHarness):
    await harness.queue(trouble())
    moment = now()
    claims = [await harness.outbox.claim(["sentry"], moment) for _ in range(2)]
    assert [len(each) for each in claims] == [1, 0]


async def test_a_tick_takes_a_bounded_number_oldest_first(harness: AlertHarness):
    start = now()
    many = [trouble(run_id=f"{n}", at=start - timedelta(minutes=n)) for n in range(AT_MOST + 5)]
    await harness.queue(*many)
    assert (await harness.deliver()).arrived == AT_MOST
    assert harness.sink.events[0]["tags"]["run_id"] == f"{AT_MOST + 4}"
    assert (await harness.deliver()).arrived == 5


async def test_each_receiver_hears_of_it_in_its_own_words(both: AlertHarness):
    await both.queue(trouble())
    await both.queue(Success(COVERED, "later", now()))
    await both.deliver()
    down, up = both.sink.messages
    assert down["text"].splitlines() == [
        "\N{LARGE RED CIRCLE} *library_coverage: the_library_is_covered does not hold*",
        "0.97 of the library is covered, the floor is 0.99",
        "covered: 0.97",
        "floor: 0.99",
        "rows: 64376",
        'ranges: ["0002501-0005000"]',
        f"<http://dagster/runs/{RUN}|run {RUN[:8]}>",
    ]
    assert up["text"].startswith("\N{LARGE GREEN CIRCLE} *library_coverage")
    assert len(both.sink.events) == 2


async def test_markup_in_a_message_stays_text(both: AlertHarness):
    await both.queue(trouble(text="<!channel> & <http://evil|click>"))
    await both.deliver()
    text = both.sink.messages[0]["text"]
    assert "&lt;!channel&gt; &amp; &lt;http://evil|click&gt;" in text


async def test_no_secret_reaches_a_receiver_not_even_where_a_text_is_cut(both: AlertHarness):
    padding = "x" * 2_995
    await both.queue(
        trouble(
            text=f"cannot open {SECRETS[0]} with {SECRETS[1]}",
            facts={"url": "http://a:sotto@lml", SECRETS[1]: "as a name"},
        ),
        trouble(run_id="cut", text=padding + SECRETS[1]),
    )
    assert (await both.deliver()).arrived == 4
    everything = b"".join(both.sink.bodies)
    assert b"[hidden]" in everything
    for secret in (b"hush", b"sesame", b"sotto"):
        assert secret not in everything
    assert b"sesam" not in everything


async def test_what_postgres_cannot_hold_is_told_without_it(harness: AlertHarness):
    await harness.queue(trouble(text="a\x00b\ud800c", facts={"x\x00": "\udfff"}))
    await harness.deliver()
    assert "a?b?c" in harness.sink.events[0]["logentry"]["formatted"]


async def test_no_address_of_a_receiver_is_in_the_outbox_or_in_an_error(
    both: AlertHarness, backend_db: BackendDb, addresses: Addresses
):
    both.sink.status = 503
    await both.queue(trouble())
    delivery = await both.deliver()
    kept = json.dumps(backend_db.rows("select * from alert_outbox"), default=str)
    for text in (kept, json.dumps(delivery.errors)):
        assert "sesame-of-the-chat" not in text
        assert "0a1b2c3d" not in text


async def test_without_anybody_to_tell_nothing_is_queued(opened: Database, sink: Sink):
    async with desk_with(opened, sink, None) as harness:
        assert await harness.queue(trouble()) == 0
        assert (await harness.deliver()).arrived == 0
