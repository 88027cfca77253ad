"""Every fault of LML through the whole graph: no wrong row, no lost answer, correct counts."""

import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import datetime
from math import ceil, log2
from pathlib import Path

import pytest

from wxyc_assets.adapters.lml.retry import FAILED_IN_A_ROW
from wxyc_assets.domain.batches import most_failures_in_a_row
from wxyc_assets.flows.identity.pipeline import PAGES_PER_CALL
from wxyc_assets_tests.e2e.proofs.children import RunStarter
from wxyc_assets_tests.e2e.proofs.conftest import Baseline
from wxyc_assets_tests.e2e.proofs.counting import assert_counts_match
from wxyc_assets_tests.e2e.proofs.graph_runs import Graph, Run
from wxyc_assets_tests.e2e.proofs.resetting_proxy import resetting_proxy
from wxyc_assets_tests.e2e.proofs.small_library import AT_ONCE, ServedLml, served
from wxyc_assets_tests.e2e.proofs.tables import assert_same, read_tables
from wxyc_sandbox.lml.faults import Fault, Poison

GENEROUS_SECONDS = 900
STALL_TIMEOUT_SECONDS = 2.0

RECOVERABLE = {
    "500 every 5th call": Fault("status", every=5, status=500, body="text"),
    "502 every 5th call": Fault("status", every=5, status=502, body="html"),
    "503 every 5th call": Fault("status", every=5, status=503),
    "504 every 5th call": Fault("status", every=5, status=504, body="empty"),
    "closed before the answer": Fault("closed_head", every=5),
    "closed in the middle": Fault("closed_body", every=5),
    "reordered": Fault("reordered"),
    "one result too many": Fault("surplus"),
    "429 at once": Fault("status", every=5, status=429, retry_after_seconds=0),
}
"""Faults from which a run recovers by itself."""

LEAVES_RANGES_OPEN = {
    "malformed JSON": Fault("malformed", every=5),
    "a web page": Fault("status", every=5, status=200, body="html"),
    "an empty body": Fault("status", every=5, status=200, body="empty"),
    "results missing": Fault("results_missing", every=5),
    "results null": Fault("results_null", every=5),
    "short": Fault("short", every=5),
    "duplicated": Fault("duplicated", every=5),
    "foreign": Fault("foreign", every=5),
}
"""Faults that leave records without an answer, and their ranges open."""


@pytest.mark.parametrize("what", RECOVERABLE)
def test_a_run_recovers_from_a_temporary_fault(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime, what: str
) -> None:
    lml.inject(RECOVERABLE[what])
    run = replace(graph, attempts=8).run()
    assert run.succeeded
    assert_counts_match(graph, run)
    assert_same(read_tables(graph.database_url, seeded_at), baseline.first)
    assert lml.lml.counters.answered_more_than_once == 0


@pytest.mark.parametrize("what", LEAVES_RANGES_OPEN)
def test_missing_answers_are_reported_and_completed_by_the_next_run(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime, what: str
) -> None:
    lml.inject(LEAVES_RANGES_OPEN[what])
    run = graph.run()
    assert not run.succeeded
    assert "re-executing asks only for what is missing" in run.failure
    assert_counts_match(graph, run)
    answered = {*lml.lml.counters.answered}
    assert _answered_ids(graph, seeded_at) == answered

    _assert_next_run_completes(graph, lml, baseline, seeded_at)


@pytest.mark.parametrize("as_date", [False, True])
def test_a_retry_after_is_respected(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime, as_date: bool
) -> None:
    first_row = min(row["library_id"] for row in baseline.first.rows["lml_resolution"])
    fault = Fault("status", rows=frozenset({first_row}), first=1, status=429)
    lml.inject(replace(fault, retry_after_seconds=2, retry_after_as_date=as_date))
    began = time.monotonic()
    assert graph.run().succeeded
    asked_at = next(at for at, library_id in lml.asked_records.asked if library_id == first_row)
    assert asked_at - began > 1  # an HTTP date has whole seconds
    assert lml.calls == baseline.pages(graph) + 1
    assert_same(read_tables(graph.database_url, seeded_at), baseline.first)


@pytest.mark.parametrize("kind", ["stalled_head", "stalled_body"])
def test_a_stall_costs_the_timeout_and_no_more(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime, kind: str
) -> None:
    row = baseline.ids_of_kind("unresolved")[3]
    lml.inject(Fault(kind, rows=frozenset({row}), first=2, seconds=600))  # pyright: ignore
    began = time.monotonic()
    run = replace(graph, timeout_seconds=STALL_TIMEOUT_SECONDS).run()
    took = time.monotonic() - began
    assert run.succeeded
    assert 2 * STALL_TIMEOUT_SECONDS < took < GENEROUS_SECONDS
    assert lml.calls == baseline.pages(graph) + 2
    assert_same(read_tables(graph.database_url, seeded_at), baseline.first)


def test_a_record_on_which_lml_stalls_for_good_is_refused(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime
) -> None:
    row = baseline.ids_of_kind("unresolved")[3]
    lml.inject(Fault("stalled_body", rows=frozenset({row}), seconds=600))
    run = replace(graph, timeout_seconds=STALL_TIMEOUT_SECONDS / 2, attempts=2).run()
    assert run.succeeded
    assert run.total("rows_skipped.lml_refused") == 1
    assert_counts_match(graph, run)
    found = read_tables(graph.database_url, seeded_at)
    assert_same(found.without({row}), baseline.first.without({row}))
    (refused,) = [each["row"] for each in found.rows["lml_resolution"] if each["row"]["refusal"]]
    assert refused["library_id"] == row
    assert "no whole answer within 1 s" in refused["refusal"]
    _assert_full_rerun_recovers(graph, lml, baseline, seeded_at)


def test_a_reset_connection_changes_nothing(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime
) -> None:
    with resetting_proxy(lml.url, every=7) as (url, proxy):
        run = replace(graph, lml_url=url, attempts=8).run()
    assert run.succeeded
    assert proxy.resets > 3
    assert_counts_match(graph, run)
    assert_same(read_tables(graph.database_url, seeded_at), baseline.first)


@pytest.mark.parametrize("status", [422, 500])
def test_a_poison_row_is_isolated_from_its_batch(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime, status: int
) -> None:
    row = baseline.ids_of_kind("single_artist")[20]
    large = replace(graph, batch_size=200)
    lml.inject(Fault("status", rows=frozenset({row}), status=status, body="text"))
    run = large.run()
    assert run.succeeded
    assert run.total("rows_skipped.lml_refused") == 1
    assert_counts_match(graph, run)
    retried = 2 * (graph.attempts - 1) if status == 500 else 0  # the whole page, and the single row
    most_in_a_page = 100
    extra = lml.calls - baseline.pages(large)
    assert 2 <= extra <= 2 * ceil(log2(most_in_a_page)) + retried
    found = read_tables(graph.database_url, seeded_at)
    assert_same(found.without({row}), baseline.first.without({row}))
    (refused,) = [each["row"] for each in found.rows["lml_resolution"] if each["row"]["refusal"]]
    assert (refused["library_id"], str(status) in refused["refusal"]) == (row, True)
    assert lml.lml.counters.answered_more_than_once == 0
    _assert_full_rerun_recovers(graph, lml, baseline, seeded_at)


def test_many_poison_rows_are_isolated_from_their_batches(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime
) -> None:
    rows = frozenset(
        [*baseline.ids_of_kind("single_artist")[::60], *baseline.ids_of_kind("compilation")[::9]]
    )
    lml.inject(Fault("status", rows=rows, status=422))
    run = graph.run()
    assert run.succeeded
    assert run.total("rows_skipped.lml_refused") == len(rows)
    assert_counts_match(graph, run)
    found = read_tables(graph.database_url, seeded_at)
    assert_same(found.without(rows), baseline.first.without(rows))
    _assert_full_rerun_recovers(graph, lml, baseline, seeded_at)


@pytest.mark.parametrize(
    "poison", ["nul", "surrogate", "nan", "confidence_too_high", "null_external_id", "long_text"]
)
def test_a_value_that_postgres_rejects_affects_its_own_row_at_most(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime, poison: Poison
) -> None:
    singles, compilations = (
        baseline.ids_of_kind(kind)[::n] for kind, n in (("single_artist", 50), ("compilation", 10))
    )
    rows = frozenset([*singles, *compilations])
    lml.inject(Fault("poison", rows=rows, poison=poison))
    run = graph.run()
    assert run.succeeded
    assert_counts_match(graph, run)
    found = read_tables(graph.database_url, seeded_at)
    assert_same(found.without(rows), baseline.first.without(rows))
    assert not _truncated_sources(found.rows["library_identity_source"])

    lml.clear_faults()
    assert graph.run(everything_is_due=True).succeeded
    again = read_tables(graph.database_url, seeded_at)
    expected = baseline.second
    # A decision without the poisoned parts is still a decision, and a long name still a name.
    for table in ("library_identity_history", "compilation_track_artist"):
        again, expected = again.but(table, rows), expected.but(table, rows)
    assert_same(again, expected)


@pytest.mark.parametrize(
    ("status", "output"),
    [(401, "Set LML_API_KEY"), (403, "LML_API_KEY is wrong"), (404, "Is LIBRARY_METADATA_URL")],
)
def test_a_final_refusal_stops_the_run_at_once(
    graph: Graph,
    lml: ServedLml,
    baseline: Baseline,
    seeded_at: datetime,
    status: int,
    output: str,
) -> None:
    lml.inject(Fault("status", status=status))
    run = graph.run()
    assert not run.succeeded
    assert output in run.failure
    assert run.failure.count("LML stopped us") == 1
    assert "Nothing was written." in run.failure
    assert (lml.calls, run.figures) == (0, {})
    _assert_next_run_completes(graph, lml, baseline, seeded_at)


def test_a_key_rotated_during_the_run_stops_it(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime
) -> None:
    lml.inject(Fault("status", calls=frozenset(range(20, 1000)), status=403))
    run = graph.run()
    assert not run.succeeded
    assert lml.calls <= 19 + graph.max_in_flight
    assert_counts_match(graph, run)
    _assert_next_run_completes(graph, lml, baseline, seeded_at)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=503),
        Fault("status", status=500, body="text"),
        Fault("closed_head"),
        Fault("closed_body"),
    ],
    ids=["503", "500", "closed before the answer", "closed in the middle"],
)
def test_a_failing_lml_is_given_up_after_a_few_pages(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime, fault: Fault
) -> None:
    lml.inject(fault)
    run = graph.run()
    assert not run.succeeded
    assert "LML stopped us" in run.failure
    in_work, parts = graph.max_in_flight, 0
    if fault.body == "text":
        # A 500 may be about a row, which is then searched for without retries; the parts of all
        # pages in work alternate.
        in_work *= PAGES_PER_CALL
        parts = most_failures_in_a_row(graph.batch_size) + 1
    assert lml.calls <= (FAILED_IN_A_ROW + in_work - 1) * (graph.attempts + parts)
    assert_counts_match(graph, run)
    _assert_next_run_completes(graph, lml, baseline, seeded_at)


def test_an_unreachable_lml_stops_the_run_at_once(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime
) -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        port = nobody_listens.getsockname()[1]
        run = replace(graph, lml_url=f"http://127.0.0.1:{port}").run()
    assert not run.succeeded
    assert f"LML cannot be reached at http://127.0.0.1:{port}" in run.failure
    assert "Nothing was written." in run.failure
    _assert_next_run_completes(graph, lml, baseline, seeded_at)


def test_an_unreachable_lml_fails_the_command_within_seconds(
    library_url: str, tmp_path: Path
) -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody_listens.getsockname()[1]}"
        starter = RunStarter(tmp_path, library_url, dagster_url="", lml_url=url)
        starter.home.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "dagster", *starter.command("library_identity_full")],
            env=starter.environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=GENEROUS_SECONDS,
        )
    assert done.returncode == 1
    assert f"LML stopped us: LML cannot be reached at {url}" in done.stderr + done.stdout


def test_an_lml_that_disappears_during_the_run_stops_it(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime
) -> None:
    runs: list[Run] = []
    with served(replace(AT_ONCE, base_latency_seconds=0.05)) as stoppable:
        interrupted = replace(graph, lml_url=stoppable.url)
        running = threading.Thread(target=lambda: runs.append(interrupted.run()))
        running.start()
        while stoppable.calls < 12 and running.is_alive():
            time.sleep(0.01)
    running.join()
    (run,) = runs
    assert not run.succeeded
    assert_counts_match(graph, run)
    stored = _answered_ids(graph, seeded_at)
    assert stored
    assert graph.run().succeeded
    assert stored.isdisjoint(lml.lml.counters.answered)
    assert_same(read_tables(graph.database_url, seeded_at), baseline.first)


def _assert_next_run_completes(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime
) -> None:
    lml.clear_faults()
    assert graph.run().succeeded
    assert_same(read_tables(graph.database_url, seeded_at), baseline.first)
    assert lml.lml.counters.answered_more_than_once == 0
    calls = lml.calls
    assert graph.run().succeeded
    assert lml.calls == calls


def _assert_full_rerun_recovers(
    graph: Graph, lml: ServedLml, baseline: Baseline, seeded_at: datetime
) -> None:
    lml.clear_faults()
    assert graph.run(everything_is_due=True).succeeded
    assert_same(read_tables(graph.database_url, seeded_at), baseline.second)


def _answered_ids(graph: Graph, seeded_at: datetime) -> set[int]:
    rows = read_tables(graph.database_url, seeded_at).rows["lml_resolution"]
    return {row["library_id"] for row in rows}


def _truncated_sources(sources: list[dict]) -> list[dict]:
    """Return the source rows that contain a part of a poisoned text."""
    return [each for each in sources if each["row"]["external_id"] in ("Stereolab", "Stereo", "")]
