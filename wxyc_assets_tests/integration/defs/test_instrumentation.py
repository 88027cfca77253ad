import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest
import structlog

from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.library_candidates import library, library_candidates
from wxyc_assets.defs.library_identity import library_identities
from wxyc_assets.defs.resources import resources
from wxyc_assets.telemetry import logs
from wxyc_assets.telemetry.redaction import Redaction
from wxyc_assets_tests.integration.defs.rotation import station
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.spans import attributes, recording, spans_named
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.sentry_sink import Sink

RANGE = "0000001-0002500"
CALL = "lml.bulk_resolve_libraries"


@pytest.fixture
def sink() -> Iterator[Sink]:
    logs.start(Redaction())
    with recording() as sink:
        yield sink
    structlog.reset_defaults()


def run(
    backend_db: BackendDb,
    lml_url: str,
    *,
    recheck: bool = False,
    tags: Mapping[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    own: dict[str, dict[str, Any]] = {
        "database": {"url": backend_db.url},
        "lml": {"url": lml_url, "api_key": "", "local_dev": True, "attempts": 1},
        "scope": {"recheck": recheck},
    }
    return dg.materialize(
        [library, library_candidates, library_identities],
        resources={name: changed(each, own.get(name, {})) for name, each in resources.items()},
        partition_key=None if tags else RANGE,
        tags=tags,
        raise_on_error=False,
    )


def changed(recipe: Any, own: dict[str, Any]) -> Any:
    fields = {name: getattr(recipe, name) for name in type(recipe).model_fields}
    return type(recipe)(**fields | own)


def log_lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")
    ]


def test_the_steps_of_a_run_tell_their_counters(backend_db: BackendDb, sink: Sink) -> None:
    for n in (1, 2, 3):
        backend_db.record(n, "Stereolab")
    backend_db.record(4, "Various Artists", letters="Z")
    with serve(PretendLml(AT_ONCE)) as url:
        result = run(backend_db, url)
    assert result.success
    due = attributes(spans_named(sink, "library_candidates.totals")[0])
    assert (due["due"], due["due.va"], due["due.non_va"]) == (4, 1, 3)
    said = attributes(spans_named(sink, "library_identity.totals")[0])
    assert said["consumer.non_va.scanned"] == 3
    assert said["consumer.va.scanned"] == 1
    assert said["consumer.va.lml_total_calls"] == 1
    assert said["tool"] == "library_identity"
    assert said["step"] == "library_identities"
    assert said["run_id"] == result.run_id
    assert said["id_range"] == RANGE


def test_lml_continues_the_trace_of_the_step_and_each_call_names_its_range(
    backend_db: BackendDb, sink: Sink
) -> None:
    backend_db.record(1, "Stereolab")
    backend_db.record(3000, "Jessica Pratt")
    span_of_both = {
        "dagster/asset_partition_range_start": RANGE,
        "dagster/asset_partition_range_end": "0002501-0005000",
    }
    with serve(PretendLml(AT_ONCE)) as url:
        assert run(backend_db, url, tags=span_of_both).success
    (step,) = spans_named(sink, "library_identity.step")
    calls = [attributes(each) | each for each in spans_named(sink, CALL)]
    assert {each["parent_span_id"] for each in calls} == {step["span_id"]}
    assert sorted(each["id_range"] for each in calls) == [RANGE, "0002501-0005000"]
    assert attributes(step)["id_range"] == "0000001-0005000"
    (probe,) = spans_named(sink, "lml.probe")
    assert probe["status"] != "error"


def test_a_failing_step_tells_what_it_did_and_sends_no_event(
    backend_db: BackendDb, sink: Sink
) -> None:
    backend_db.record(1, "Stereolab")
    pretend = PretendLml(AT_ONCE, faults=[Fault(kind="status", status=503)])
    with serve(pretend) as url:
        assert not run(backend_db, url).success
    (step,) = spans_named(sink, "library_identity.step")
    assert step["status"] == "error"
    said = attributes(spans_named(sink, "library_identity.totals")[0])
    assert said["consumer.non_va.rows_skipped.lml_error"] == 1
    assert sink.events == []


def test_every_line_says_what_it_is_about(
    backend_db: BackendDb, sink: Sink, capfd: pytest.CaptureFixture[str]
) -> None:
    pretend = PretendLml(AT_ONCE, faults=[Fault(kind="status", status=503)])
    backend_db.record(1, "Stereolab")
    with serve(pretend) as url:
        result = run(backend_db, url)
    lines = log_lines(capfd)
    assert [(each["tool"], each["step"], each["event"]) for each in lines] == [
        ("library_candidates", "library_candidates", "step started"),
        ("library_candidates", "range", "range done"),
        ("library_candidates", "finished", "step ended"),
        ("library_identity", "library_identities", "step started"),
        ("library_identity", "batch-1", "batch answered"),
        ("library_identity", "range", "range left open"),
        ("library_identity", "library_identities", "step failed"),
    ]
    batch, id_range, failed = lines[-3:]
    assert (batch["scanned"], batch["unanswered"], batch["cohort"]) == (1, 1, "non_va")
    for each in (id_range, failed):
        assert each["consumer.non_va.rows_skipped.lml_error"] == 1
    names = {"repo": "wxyc-assets", "run_id": result.run_id, "id_range": RANGE}
    assert all(each.items() >= names.items() for each in lines)
    assert "1 range is open" in lines[-1]["why"]


def test_the_counters_are_sent_under_the_old_name_as_well(
    backend_db: BackendDb, sink: Sink
) -> None:
    backend_db.record(1, "Stereolab")
    with serve(PretendLml(AT_ONCE)) as url:
        assert run(backend_db, url).success
    new, old = (
        attributes(spans_named(sink, name)[0])
        for name in ("library_identity.totals", "library-identity-consumer.run")
    )
    assert old["sentry.op"] == "library-identity-consumer.run"
    counters = {name: number for name, number in new.items() if name.startswith("consumer.")}
    assert counters["consumer.non_va.scanned"] == 1
    assert old.items() >= counters.items()
    assert not spans_named(sink, "library-identity-consumer.run")[1:]


def test_a_recheck_is_counted_under_its_old_name_as_well(backend_db: BackendDb, sink: Sink) -> None:
    backend_db.record(1, "Stereolab")
    attempted_at = datetime(2026, 5, 1, tzinfo=UTC)
    backend_db.record(2, "Various Artists", letters="Z", attempted_at=attempted_at)
    with serve(PretendLml(AT_ONCE)) as url:
        assert run(backend_db, url, recheck=True).success
    (old,) = map(attributes, spans_named(sink, "library-identity-consumer.run"))
    counted = {
        name.removeprefix("consumer.recheck."): number
        for name, number in old.items()
        if name.startswith("consumer.recheck.")
    }
    assert counted["scanned"] == 1
    assert counted == {name: old[f"consumer.va.{name}"] for name in counted}


def test_an_op_without_a_range_is_observed_as_well(sink: Sink) -> None:
    @dg.op
    async def count_covers(context: dg.OpExecutionContext) -> None:
        with instrumented(context, "covers") as totals:
            totals.add({"covers": 2})
            totals.add({"covers": 3})

    @dg.job
    def covers() -> None:
        count_covers()

    assert covers.execute_in_process().success
    said = attributes(spans_named(sink, "covers.totals")[0])
    assert said["covers"] == 5
    assert "id_range" not in said


def test_a_refresh_of_the_rotation_tells_its_counters(assets: str, sink: Sink) -> None:
    with station(assets, PretendLml(AT_ONCE)) as rotation:
        rotation.rotate(1, 2, 3)
        assert rotation.run(config={"batch_size": 2, "pause_seconds": 0}).success
        (row,) = rotation.rows()
    said = attributes(spans_named(sink, "rotation_cache.totals")[0])
    assert said["tool"] == "rotation_cache"
    assert said["backfill.identities_scanned"] == 3
    for name in ("identities_resolved", "warmed_releases", "warmed_artists", "lml_error"):
        assert said[f"backfill.{name}"] == row[name]
    (old,) = spans_named(sink, "rotation-artist-backfill.run.totals")
    assert attributes(old)["sentry.op"] == "rotation-artist-backfill.totals"
    assert attributes(old)["backfill.identities_scanned"] == 3
    assert attributes(old)["backfill.dry_run"] is False
    assert len(spans_named(sink, "rotation-artist-backfill.run")) == 1
    calls = [attributes(each) for each in spans_named(sink, "lml.refresh_for_identities")]
    assert sorted(each["lml.batch_size"] for each in calls) == [1, 2]
