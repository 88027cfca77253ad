"""The checks of a run on its own identities."""

from wxyc_assets.defs.jobs import all_ranges
from wxyc_assets.defs.library_identity import (
    LIBRARY_IDENTITY,
)
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.integration.defs.checks import failed_checks
from wxyc_assets_tests.integration.defs.identity_graph.graph import (
    KEYS,
    IdentityGraph,
    failures,
    one,
    span,
)
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.answers import unresolved
from wxyc_assets_tests.support.sample_library import RECORDS
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve

EVERYTHING_IS_STALE = {"resources": {"scope": {"config": {"stale_days": 1e-9}}}}


def test_a_run_judges_its_identities_and_is_green(station: IdentityGraph) -> None:
    result = station.run(all_ranges)
    evaluations = {each.check_name: each for each in result.get_asset_check_evaluations()}
    assert all(each.passed for each in evaluations.values())
    assert evaluations.keys() == {"identities_are_written", "identity_answers_make_sense"}
    assert evaluations["identities_are_written"].metadata["stored"].value == RECORDS


def test_writes_that_the_database_refuses_fail_the_run(station: IdentityGraph) -> None:
    station.backend_db.execute(
        "alter table library_identity add constraint none check (library_id < 0)"
    )
    result = station.run(all_ranges)
    assert not result.success
    (said,) = failures(result).values()
    assert 'not written (new row for relation "library_identity" violates' in said
    left_open = {key for key in KEYS if key in said}
    assert left_open
    assert station.materialized(LIBRARY_IDENTITY) == {*KEYS} - left_open


def test_a_range_is_judged_by_its_own_answers_only(station: IdentityGraph) -> None:
    assert station.run(span(KEYS[2], KEYS[5])).success
    first, last = IdRange.parse(KEYS[2]).first, IdRange.parse(KEYS[4]).last
    station.backend_db.execute(
        "update library_identity set wikidata_qid = 'Q0' where library_id between %s and %s",
        first,
        last,
    )
    assert station.run(span(KEYS[5], KEYS[6])).success
    result = station.run(span(KEYS[2], KEYS[5]))
    assert failed_checks(result).keys() == {"identities_are_written"}
    (failed,) = (each for each in result.get_asset_check_evaluations() if not each.passed)
    assert failed.metadata["id_range"].value == f"{first:07d}-{IdRange.parse(KEYS[5]).last:07d}"


def test_identities_that_lml_no_longer_knows_fail_a_refresh(station: IdentityGraph) -> None:
    assert station.run(all_ranges).success
    forgetful = PretendLml(AT_ONCE, answers=lambda row: unresolved(row["library_id"]))
    with serve(forgetful) as url:
        station.lml_url = url
        said = failed_checks(station.run(all_ranges, run_config=EVERYTHING_IS_STALE))
    assert said.keys() == {"identity_answers_make_sense"}
    assert "LML still knows only 0; at least 50%" in said["identity_answers_make_sense"]


def test_a_refresh_that_confirms_is_green(station: IdentityGraph) -> None:
    assert station.run(all_ranges).success
    station.pretend.counters.reset()
    assert station.run(all_ranges, run_config=EVERYTHING_IS_STALE).success
    assert station.pretend.counters.rows["resolve"] > 50


def test_an_lml_that_knows_nothing_fails_a_first_run(station: IdentityGraph) -> None:
    ignorant = PretendLml(AT_ONCE, answers=lambda row: unresolved(row["library_id"]))
    with serve(ignorant) as url:
        station.lml_url = url
        said = failed_checks(station.run(all_ranges))
    assert said.keys() == {"identity_answers_make_sense"}
    assert "only 0 have an identity" in said["identity_answers_make_sense"]


def test_a_rollout_range_by_range_is_green(station: IdentityGraph) -> None:
    for key in KEYS[:4]:
        result = station.run(one(key))
        assert result.success
        assert len(result.get_asset_check_evaluations()) == 2
