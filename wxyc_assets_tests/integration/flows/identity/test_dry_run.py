"""A dry run counts what the real run then does, and writes nothing."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from wxyc_assets.adapters.lml.errors import LmlError, LmlRefused
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.domain.candidates import Cohort, Scope
from wxyc_assets.domain.counters import Outcome
from wxyc_assets.flows.identity.dry_run import Figures, IdentityDryRun, figures
from wxyc_assets.flows.identity.pipeline import IdentityOptions
from wxyc_assets_tests.integration.flows.station import (
    NARROW,
    NOT_LATER,
    RANGES,
    RECHECK,
    SMALL_PAGES,
    WIDE,
    IdentityHarness,
    mounted,
    opening,
)
from wxyc_sandbox.lml.faults import Fault

FAULTS: dict[str, list[Fault]] = {
    "none": [],
    "trouble": [Fault("status", every=6, status=429)],
    "short": [Fault("short", rows=frozenset({7, 70}))],
    "foreign": [Fault("foreign", rows=frozenset({9, 100}))],
    "refused": [Fault("status", status=422, rows=frozenset({11, 12}))],
    "hangs up": [Fault("closed_head", rows=frozenset({11}))],
}


async def dry_run(
    station: IdentityHarness, scope: Scope, faults: Sequence[Fault] = ()
) -> dict[Cohort, Figures]:
    station.pretend.faults = faults
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(opening(station.url))
        client = await stack.enter_async_context(mounted(station.pretend))
        options = IdentityOptions(
            run_id="dry run",
            scope=scope,
            page_sizes=SMALL_PAGES,
            retry_policy=NOT_LATER,
            max_in_flight=1,
            max_refused_writes=0,
        )
        run = IdentityDryRun(IdentityStore(opened), client, options)
        tallies = await run.run(RANGES)
        assert run.progress.done == run.progress.total
        assert not run.progress.is_estimated
    return {cohort: figures(tally) for cohort, tally in tallies.items()}


def everything(station: IdentityHarness) -> dict[str, Any]:
    ours = ("library_candidate", "lml_resolution")
    written = {
        name: station.backend_db.connection.execute(
            f"select ctid, xmin from {name}".encode()
        ).fetchall()
        for name in ours
    }
    return written | station.backend_db.versions()


@pytest.mark.parametrize("scope", [NARROW, WIDE], ids=["narrow", "wide"])
@pytest.mark.parametrize("name", FAULTS)
async def test_a_dry_run_writes_nothing_and_tells_what_the_real_run_then_does(
    station: IdentityHarness, scope: Scope, name: str
) -> None:
    before = everything(station)
    told = await dry_run(station, scope, FAULTS[name])
    assert everything(station) == before
    await station.run(scope, faults=FAULTS[name], in_flight=1)
    for cohort in Cohort:
        assert untimed(told[cohort]) == done(station, cohort)


async def test_stored_answers_that_wait_are_told_without_asking(station: IdentityHarness) -> None:
    await station.run(WIDE, applies=False)
    station.pretend.counters.reset()
    told = await dry_run(station, WIDE)
    assert station.calls == 0
    await station.run(WIDE)
    for cohort in Cohort:
        assert untimed(told[cohort]) == done(station, cohort)


async def test_where_nothing_is_due_a_dry_run_asks_nothing(station: IdentityHarness) -> None:
    await station.run(WIDE)
    station.pretend.counters.reset()
    told = await dry_run(station, WIDE)
    assert station.calls == 0
    assert [each["scanned"] for each in told.values()] == [0, 0]


async def test_a_dry_run_of_a_recheck_tells_the_compilations(station: IdentityHarness) -> None:
    await station.run(WIDE)
    told = await dry_run(station, RECHECK)
    assert told[Cohort.VA]["scanned"] == 80
    assert told[Cohort.NON_VA]["scanned"] == 0


async def test_a_no_from_lml_ends_a_dry_run(station: IdentityHarness) -> None:
    with pytest.raises(LmlError) as caught:
        await dry_run(station, WIDE, [Fault("status", status=403)])
    assert isinstance(caught.value, LmlRefused)


async def test_the_keys_are_those_of_the_job_before_us(station: IdentityHarness) -> None:
    told = await dry_run(station, NARROW)
    assert list(told[Cohort.VA]) == [
        "scanned",
        "lml_total_calls",
        "lml_total_latency_ms",
        "would_resolve",
        "would_resolve_compilation",
        "would_unresolved",
        "would_skip",
        "source_rows_skipped_null_confidence",
    ]
    assert told[Cohort.VA]["would_skip"] == {
        "compilation": told[Cohort.VA]["would_skip"]["compilation"],  # pyright: ignore
        "lml_error": 0,
        "lml_cardinality_mismatch": 0,
        "lml_untrusted_library_id": 0,
    }


def untimed(told: Figures) -> Figures:
    return told | {"lml_total_latency_ms": 0}


def done(station: IdentityHarness, cohort: Cohort) -> Figures:
    """The effects of a real run, in the words of a dry run."""
    tallies = [report.tallies[cohort] for report in station.reports]

    def count(*outcomes: Outcome) -> int:
        return sum(tally.outcomes[each] for tally in tallies for each in outcomes)

    return {
        "scanned": sum(tally.scanned for tally in tallies),
        "lml_total_calls": sum(len(tally.latencies_ms) for tally in tallies),
        "lml_total_latency_ms": 0,
        "would_resolve": count(Outcome.RESOLVED),
        "would_resolve_compilation": count(Outcome.RESOLVED_COMPILATION),
        "would_unresolved": count(Outcome.UNRESOLVED),
        "would_skip": {
            "compilation": count(Outcome.COMPILATION),
            "lml_error": count(Outcome.LML_ERROR, Outcome.LML_REFUSED, Outcome.LML_INVALID),
            "lml_cardinality_mismatch": count(Outcome.CARDINALITY_MISMATCH),
            "lml_untrusted_library_id": count(Outcome.UNTRUSTED_LIBRARY_ID),
        },
        "source_rows_skipped_null_confidence": sum(
            tally.details["source_rows_skipped_null_confidence"] for tally in tallies
        ),
    }
