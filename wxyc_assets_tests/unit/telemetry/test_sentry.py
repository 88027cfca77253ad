import sys
from collections import Counter
from collections.abc import Iterator

import pytest
import sentry_sdk

from wxyc_assets.domain.counters import IdentityTally, Outcome
from wxyc_assets.telemetry import logs, sentry
from wxyc_assets.telemetry.redaction import Redaction
from wxyc_assets_tests.support.spans import attributes, recording, spans_named, switch_sentry_off
from wxyc_sandbox.sentry_sink import Sink, serve_sink

NAMES = {"tool": "library_identity", "step": "library_identities", "run_id": "run-1"}


@pytest.fixture
def sink() -> Iterator[Sink]:
    with recording() as sink:
        yield sink


def run_a_step(totals: dict[str, float], **names: str) -> None:
    with logs.about(**NAMES | names), sentry.step("library_identity", totals):
        totals |= {"consumer.va.scanned": 3, "consumer.va.lml_total_latency_ms": 12.5}


def test_a_steps_counters_are_numbers_on_the_wire(sink: Sink) -> None:
    run_a_step({})
    (span,) = spans_named(sink, "library_identity.totals")
    assert span["attributes"]["consumer.va.scanned"] == {"value": 3, "type": "integer"}
    assert span["attributes"]["consumer.va.lml_total_latency_ms"] == {
        "value": 12.5,
        "type": "double",
    }


def test_a_span_says_what_is_worked_on(sink: Sink) -> None:
    run_a_step({}, id_range="0000001-0002500")
    for name in ("library_identity.step", "library_identity.totals"):
        (span,) = spans_named(sink, name)
        said = attributes(span)
        assert said["sentry.op"] == name
        assert said.items() >= {**NAMES, "repo": "wxyc-assets"}.items()
        assert said["id_range"] == "0000001-0002500"


def test_the_totals_belong_to_their_step(sink: Sink) -> None:
    run_a_step({})
    (step,), (totals,) = (spans_named(sink, f"library_identity.{n}") for n in ("step", "totals"))
    assert totals["parent_span_id"] == step["span_id"]
    assert totals["trace_id"] == step["trace_id"]
    assert (step["status"], totals["status"]) == ("ok", "ok")


def test_a_step_that_fails_still_says_what_it_did_and_sends_no_event(sink: Sink) -> None:
    totals: dict[str, float] = {}

    def fail() -> None:
        totals["consumer.va.scanned"] = 3
        raise RuntimeError

    with pytest.raises(RuntimeError), sentry.step("library_identity", totals):
        fail()
    (step,), (said,) = (spans_named(sink, f"library_identity.{n}") for n in ("step", "totals"))
    assert step["status"] == "error"
    assert attributes(said)["consumer.va.scanned"] == 3
    assert sink.events == []


def test_two_steps_are_two_traces(sink: Sink) -> None:
    run_a_step({})
    run_a_step({})
    traces = [each["trace_id"] for each in spans_named(sink, "library_identity.step")]
    assert len(set(traces)) == 2


def test_every_figure_of_a_tally_is_an_attribute(sink: Sink) -> None:
    tally = IdentityTally(scanned=1, outcomes=Counter({Outcome.RESOLVED: 1}), latencies_ms=[3.4])
    figures = {f"consumer.va.{name}": n for name, n in tally.figures().items()}
    with logs.about(**NAMES), sentry.step("library_identity", figures):
        pass
    said = attributes(spans_named(sink, "library_identity.totals")[0])
    assert {name: said[name] for name in figures} == figures
    assert said["consumer.va.rows_skipped.lml_error"] == 0


def test_no_secret_and_no_command_line_leaves() -> None:
    with recording(Redaction(["sesame-of-lml"])) as sink:
        totals: dict[str, float] = {}
        with logs.about(**NAMES | {"run_id": "run of sesame-of-lml"}):
            with sentry.step("library_identity", totals):
                pass
            sentry_sdk.capture_message("opened with sesame-of-lml at http://a:hush@db")
        sentry.flush()
        everything = b"".join(sink.bodies)
    assert b"run of [hidden]" in everything
    assert b"opened with [hidden]" in everything
    assert b"sesame" not in everything
    assert b"hush" not in everything
    assert sys.argv[0].encode() not in everything


def test_local_variables_stay_at_home(sink: Sink) -> None:
    confidential = "the-local-value"
    try:
        raise RuntimeError(str(len(confidential)))
    except RuntimeError as error:
        sentry_sdk.capture_exception(error)
    assert len(sink.events) == 1
    assert b"the-local-value" not in b"".join(sink.bodies)


def test_without_a_dsn_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENTRY_DSN", raising=False)
    sentry.start(Redaction())
    assert not sentry.is_on()
    run_a_step({})


def test_spans_reach_a_real_receiver_before_the_step_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = Sink()
    with serve_sink(sink) as addresses:
        monkeypatch.setenv("SENTRY_DSN", addresses.dsn)
        monkeypatch.setenv("SENTRY_ENVIRONMENT", "rehearsal")
        monkeypatch.setenv("SENTRY_RELEASE", "moon-pix")
        sentry.start(Redaction())
        try:
            run_a_step({})
            assert len(sink.spans) == 2
        finally:
            switch_sentry_off()
    said = attributes(spans_named(sink, "library_identity.totals")[0])
    assert said["consumer.va.scanned"] == 3
    assert (said["sentry.environment"], said["sentry.release"]) == ("rehearsal", "moon-pix")


@pytest.mark.parametrize(
    "dsn", ["sentry.example.org", "https://sentry.example.org/1", "https://k@s"]
)
def test_a_dsn_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, dsn: str) -> None:
    monkeypatch.setenv("SENTRY_DSN", dsn)
    with pytest.raises(ValueError, match="SENTRY_DSN is not a DSN such as https"):
        sentry.start(Redaction())
    assert not sentry.is_on()
