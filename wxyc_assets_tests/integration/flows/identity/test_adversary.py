"""The identity pipeline behind a hostile proxy: what is stored, and what stays open."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from wxyc_assets.adapters.lml import client as lml
from wxyc_assets_tests.integration.flows.station import (
    NOT_LATER,
    RANGES,
    IdentityHarness,
)
from wxyc_assets_tests.support.sample_library import RECORDS
from wxyc_assets_tests.support.unlimited_budget import UnlimitedBudget
from wxyc_sandbox.adversary.modes import Mode
from wxyc_sandbox.adversary.proxy import Hostility, run_adversary
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.server import serve

KEY = "sesame-of-lml"
TABLES = ("library_identity", "library_identity_source", "library_identity_history")


def put_behind(station: IdentityHarness, hostility: Hostility) -> None:
    @asynccontextmanager
    async def connect(pretend: PretendLml) -> AsyncGenerator[lml.LmlClient]:
        with serve(pretend) as lml_url, run_adversary(lml_url, hostility) as (url, _):
            async with lml.open_lml(
                url, api_key=KEY, budget=UnlimitedBudget(), timeout_seconds=60
            ) as client:
                yield client

    station.connect = connect


def written(station: IdentityHarness) -> dict[str, list[dict[str, object]]]:
    return {
        table: station.backend_db.rows(f"select * from {table} order by 1, 2") for table in TABLES
    }


def stored(station: IdentityHarness) -> int:
    return station.backend_db.value("select count(*) from lml_resolution")


async def make_everything_due(station: IdentityHarness) -> None:
    station.backend_db.execute(
        "update library_identity set last_verified_at = now() - interval '1 year'"
    )
    station.backend_db.execute("delete from lml_resolution")


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        (Mode.POISON, "results are invalid, so none is believed"),
        (Mode.LIE, "single_artist without a source that can be written"),
    ],
)
async def test_no_identity_is_replaced_by_what_breaks_the_contract(
    station: IdentityHarness, mode: Mode, why: str
) -> None:
    await station.run()
    await make_everything_due(station)
    before = written(station)
    put_behind(station, Hostility(mode))
    summary = await station.run()
    assert summary.why_open
    assert any(why in each for each in summary.why_open.values())
    assert written(station) == before
    assert stored(station) == 0


async def test_a_single_invalid_row_costs_itself_and_is_asked_about_again(
    station: IdentityHarness,
) -> None:
    fault = Fault("poison", poison="confidence_too_high", rows=frozenset({1}))
    summary = await station.run(faults=[fault])
    assert not summary.why_open
    assert station.figure("rows_skipped.lml_invalid") == 1
    assert station.figure("scanned") == RECORDS
    (reasons,) = [each.invalid for each in station.reports if each.invalid]
    assert reasons.keys() == {1}
    assert "confidence is 1.7" in reasons[1]
    assert stored(station) == RECORDS - 1

    await station.run()
    assert station.figure("scanned") == 1
    assert station.figure("rows_skipped.lml_invalid") == 0
    assert stored(station) == RECORDS


async def test_a_new_term_leaves_ranges_open_and_everything_else_is_written(
    station: IdentityHarness, capfd: pytest.CaptureFixture[str]
) -> None:
    put_behind(station, Hostility(Mode.DRIFT))
    summary = await station.run()
    assert len(summary.why_open) == len(RANGES)
    assert all("'vector_search' is not in the contract" in w for w in summary.why_open.values())
    assert stored(station) > 0
    assert station.backend_db.value("select count(*) from library_identity") == 0
    assert station.figure("unknown_terms") > 0
    assert "".join(capfd.readouterr()).count("does not name") == 1


async def test_what_repeats_our_key_is_stored_without_it(station: IdentityHarness) -> None:
    put_behind(station, Hostility(Mode.ECHO_ROWS))
    summary = await station.run(retry_policy=NOT_LATER)
    assert not summary.why_open
    assert stored(station) == RECORDS
    hidden = "select count(*) from lml_resolution where answer::text like '%[hidden]%'"
    assert station.backend_db.value(hidden) == RECORDS
    for table in ("lml_resolution", *TABLES):
        rows = station.backend_db.rows(f"select t::text as words from {table} t")
        assert not [row for row in rows if KEY in row["words"]]
