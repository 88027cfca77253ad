"""The identity graph over ranges, through Dagster on an ephemeral instance."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from wxyc_assets.defs import (
    library_artwork,
    library_coverage,
    library_doubts,
    library_identity,
    library_releases,
)
from wxyc_assets.defs import library_candidates as candidates
from wxyc_assets.defs.jobs import all_ranges, library_full, library_identity_job
from wxyc_assets.defs.library_candidates import library_candidates
from wxyc_assets.defs.library_identity import (
    LIBRARY_IDENTITY,
    LML_RESOLUTIONS,
    identities_are_written,
    identity_answers_make_sense,
    library_identities,
)
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.open_ranges import open_ranges
from wxyc_assets.defs.partitions import library_ranges
from wxyc_assets.defs.resources import DatabaseResource, PagesResource, ScopeResource
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.conftest import CopyOf
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.answers import unresolved
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.sample_library import RECORDS, few_credits, fill_sample_library
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.postgres import Postgres

STEP = 251
IDS = {*range(STEP, STEP * RECORDS + 1, STEP)}
KEYS = library_ranges.get_partition_keys()
ASSETS = [library_candidates, library_identities]
CANDIDATES = dg.AssetKey("library_candidates")
TWO = [LML_RESOLUTIONS, LIBRARY_IDENTITY]
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def in_ranges(keys: Sequence[str]) -> set[int]:
    return {each for each in IDS for key in keys if each in IdRange.parse(key)}


@dataclass
class IdentityGraph:
    """A database, a pretend LML on a port, a Dagster instance without a past."""

    backend_db: BackendDb
    pretend: PretendLml
    lml_url: str
    instance: dg.DagsterInstance
    api_key: str = ""

    @property
    def asked(self) -> set[int]:
        return {*self.pretend.counters.answered}

    def resources(self) -> dict[str, Any]:
        return {
            "database": DatabaseResource(
                url=self.backend_db.url, schema_name="wxyc_schema", assets_schema_name="wxyc_assets"
            ),
            "lml": LmlResource(
                url=self.lml_url,
                api_key=self.api_key,
                local_dev=True,
                timeout_seconds=60,
                lookup_timeout_seconds=60,
                max_in_flight=2,
                rate_per_minute=0,
                breaker_ceiling_minutes=1,
                attempts=1,
            ),
            "scope": ScopeResource(include_null_canonical=True),
            "pages": PagesResource(),
        }

    def run(self, tags: dict[str, str], **more: Any) -> dg.ExecuteInProcessResult:
        definitions = dg.Definitions(
            assets=ASSETS,
            asset_checks=[identities_are_written, identity_answers_make_sense],
            jobs=[library_identity_job],
            resources=self.resources(),
        )
        job = definitions.resolve_job_def("library_identity_job")
        return job.execute_in_process(
            tags=tags, instance=self.instance, raise_on_error=False, **more
        )

    def materialized(self, asset_key: dg.AssetKey) -> set[str]:
        return self.instance.get_materialized_partitions(asset_key)


@pytest.fixture(scope="module")
def spread_template(postgres: Postgres, copy_of: CopyOf, assets_template: str) -> Generator[str]:
    """A small library whose records lie in many ranges."""
    with copy_of(assets_template) as url:
        with BackendDb(url) as backend_db:
            fill_sample_library(backend_db, step=STEP)
            name = backend_db.value("select current_database()")
        yield name


@pytest.fixture
def station(copy_of: CopyOf, spread_template: str) -> Generator[IdentityGraph]:
    pretend = PretendLml(AT_ONCE, credits=few_credits)
    with (
        copy_of(spread_template) as url,
        BackendDb(url) as backend_db,
        serve(pretend) as lml_url,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        yield IdentityGraph(backend_db, pretend, lml_url, instance)


def one(key: str) -> dict[str, str]:
    return {"dagster/partition": key}


def span(first: str, last: str) -> dict[str, str]:
    return {START: first, END: last}


def why(result: dg.ExecuteInProcessResult) -> str:
    """Return the message of the failed step."""
    (event,) = [each for each in result.all_events if each.is_step_failure]
    said = event.step_failure_data.user_failure_data
    assert said is not None
    assert said.description is not None
    return said.description


def test_one_range(station: IdentityGraph) -> None:
    assert station.run(one(KEYS[3])).success
    assert station.asked == in_ranges([KEYS[3]])
    assert station.pretend.counters.callers.keys() == {"library-identity-consumer"}
    for asset_key in (CANDIDATES, *TWO):
        assert station.materialized(asset_key) == {KEYS[3]}


def test_a_range_of_ranges_in_one_run(station: IdentityGraph) -> None:
    result = station.run(span(KEYS[2], KEYS[5]))
    assert result.success
    assert station.asked == in_ranges(KEYS[2:6])
    for asset_key in (CANDIDATES, *TWO):
        assert station.materialized(asset_key) == {*KEYS[2:6]}


def test_all_ranges_in_one_run_and_a_second_one_is_quiet(station: IdentityGraph) -> None:
    assert station.run(all_ranges).success
    assert station.asked == IDS
    assert station.pretend.counters.answered_more_than_once == 0
    for asset_key in (CANDIDATES, *TWO):
        assert station.materialized(asset_key) == {*KEYS}
    before = station.backend_db.versions()
    station.pretend.counters.reset()
    assert station.run(all_ranges).success
    assert station.pretend.counters.calls == {}
    assert station.backend_db.versions() == before


def test_a_failing_range_fails_the_run_and_leaves_the_others_materialized(
    station: IdentityGraph,
) -> None:
    row = min(in_ranges([KEYS[4]]))
    station.pretend.faults = [Fault("short", rows=frozenset({row}))]
    result = station.run(span(KEYS[3], KEYS[6]))
    assert not result.success
    for asset_key in TWO:
        assert station.materialized(asset_key) == {KEYS[3], KEYS[5], KEYS[6]}
    assert station.materialized(CANDIDATES) == {*KEYS[3:7]}
    assert "1 range is open" in why(result)
    assert f"{KEYS[4]}: 1 lml_cardinality_mismatch" in why(result)
    unwritten = "select count(*) from lml_resolution where applied_at is null"
    assert station.backend_db.value(unwritten) == 0


def test_re_execution_asks_only_for_what_is_missing(station: IdentityGraph) -> None:
    row = min(in_ranges([KEYS[4]]))
    station.pretend.faults = [Fault("short", rows=frozenset({row}))]
    assert not station.run(span(KEYS[3], KEYS[6])).success
    station.pretend.faults = []
    station.pretend.counters.reset()
    assert station.run(one(KEYS[4])).success
    assert station.asked == {row}
    for asset_key in TWO:
        assert station.materialized(asset_key) == {*KEYS[3:7]}


def nothing_is_touched(station: IdentityGraph) -> bool:
    candidates = station.backend_db.value("select count(*) from library_candidate")
    return not candidates and not station.materialized(CANDIDATES)


def test_a_wrong_key_is_noticed_before_anything_is_touched(station: IdentityGraph) -> None:
    station.pretend.configure(api_key="sesame")
    station.api_key = "hunter2"
    result = station.run(all_ranges)
    assert not result.success
    assert "LML_API_KEY is wrong, rotated or revoked" in why(result)
    assert "hunter2" not in str([event.message for event in result.all_events])
    assert nothing_is_touched(station)


@pytest.mark.parametrize("path", ["/elsewhere", "/health"])
def test_an_address_that_is_not_lmls_is_noticed_before_anything_is_touched(
    station: IdentityGraph, path: str
) -> None:
    station.lml_url += path
    result = station.run(all_ranges)
    assert not result.success
    assert "HTTP 404" in why(result)
    assert "Is LIBRARY_METADATA_URL the address of LML?" in why(result)
    assert nothing_is_touched(station)


def test_an_lml_that_is_not_there_is_noticed_before_anything_is_touched(
    station: IdentityGraph,
) -> None:
    station.lml_url = "http://lml.invalid"
    result = station.run(all_ranges)
    assert not result.success
    assert "LML cannot be reached at http://lml.invalid" in why(result)
    assert nothing_is_touched(station)


def test_an_lml_that_is_ill_for_a_moment_stops_nothing(station: IdentityGraph) -> None:
    station.pretend.configure(database_up=False)
    result = station.run(one(KEYS[2]))
    assert "1 range is open" in why(result)
    assert station.materialized(CANDIDATES) == {KEYS[2]}


def test_candidates_alone_need_no_lml(station: IdentityGraph) -> None:
    station.lml_url = "http://lml.invalid"
    assert station.run(one(KEYS[2]), asset_selection=[CANDIDATES]).success
    assert station.materialized(CANDIDATES) == {KEYS[2]}


def test_a_key_that_is_revoked_in_the_middle_stops_the_run(station: IdentityGraph) -> None:
    station.pretend.faults = [Fault("status", status=403, every=1)]
    result = station.run(all_ranges)
    assert not result.success
    assert station.pretend.counters.calls["resolve"] <= 2
    assert "LML stopped us" in why(result)
    assert "LML_API_KEY is wrong, rotated or revoked" in why(result)
    assert station.materialized(LIBRARY_IDENTITY).isdisjoint(
        {key for key in KEYS if in_ranges([key])}
    )
    assert "not begun" in why(result)


@pytest.mark.parametrize("selected", [None, [CANDIDATES], [LIBRARY_IDENTITY]], ids=str)
def test_a_reversed_range_of_ranges_is_refused(
    station: IdentityGraph, selected: list[dg.AssetKey] | None
) -> None:
    result = station.run(span(KEYS[5], KEYS[2]), asset_selection=selected)
    assert not result.success
    assert f"it begins at {KEYS[5]}, after its end at {KEYS[2]}" in why(result)
    assert station.pretend.counters.calls == {}
    assert nothing_is_touched(station)


def test_raising_is_left_to_whoever_runs_it(station: IdentityGraph) -> None:
    station.pretend.faults = [Fault("status", status=403, every=1)]
    with pytest.raises(dg.Failure, match="LML stopped us"):
        dg.materialize(
            ASSETS, partition_key=KEYS[1], resources=station.resources(), instance=station.instance
        )


def test_a_database_without_our_tables_names_the_command(station: IdentityGraph) -> None:
    station.backend_db.execute("drop schema wxyc_assets cascade")
    result = station.run(one(KEYS[0]))
    assert not result.success
    assert "Run `wxyc-assets migrate`" in why(result)
    assert station.pretend.counters.calls == {}


@pytest.mark.parametrize("key", ["0000001-0001000", "7", "nowhere"])
def test_an_unknown_range_fails_before_lml_is_asked_and_is_named(
    station: IdentityGraph, key: str
) -> None:
    before = station.backend_db.versions()
    result = station.run(one(key))
    assert not result.success
    assert f"No such range: '{key}'. The first is {KEYS[0]}" in why(result)
    assert station.pretend.counters.calls == {}
    assert station.backend_db.versions() == before


def test_a_run_without_a_range_is_told_how_to_get_one(station: IdentityGraph) -> None:
    result = station.run({})
    assert not result.success
    assert "This run has no range: choose partitions in the UI, or tag it" in why(result)
    assert station.pretend.counters.calls == {}


def test_an_unknown_end_of_a_range_is_refused(station: IdentityGraph) -> None:
    with pytest.raises(dg.DagsterError, match="nowhere"):
        station.run(span(KEYS[0], "nowhere"))
    assert station.pretend.counters.calls == {}


def full(station: IdentityGraph) -> dg.ExecuteInProcessResult:
    """Run `library_full`, with the checks of all its assets."""
    library = [
        candidates,
        library_identity,
        library_artwork,
        library_releases,
        library_coverage,
        library_doubts,
    ]
    definitions = dg.Definitions(
        assets=dg.load_assets_from_modules(library),
        asset_checks=dg.load_asset_checks_from_modules(library),
        jobs=[library_full],
        resources=station.resources(),
    )
    return definitions.resolve_job_def("library_full").execute_in_process(
        instance=station.instance,
        raise_on_error=False,
        run_config={"ops": {"library_artwork": {"config": {"health_interval_seconds": 0.0}}}},
    )


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """The descriptions of the failed steps."""
    events = [each for each in result.all_events if each.is_step_failure]
    told = {each.step_key or "": each.step_failure_data.user_failure_data for each in events}
    return {step: data.description or "" for step, data in told.items() if data}


def test_an_open_range_keeps_neither_covers_nor_snapshot_from_the_others(
    station: IdentityGraph,
) -> None:
    row = min(in_ranges([KEYS[4]]))
    station.pretend.faults = [Fault("short", rows=frozenset({row}))]
    result = full(station)
    assert not result.success
    (said,) = failures(result).values()
    assert "1 range is open" in said
    assert f"{KEYS[4]}: 1 lml_cardinality_mismatch" in said
    for asset_key in TWO:
        assert station.materialized(asset_key) == {*KEYS} - {KEYS[4]}
        status = station.instance.get_status_by_partition(asset_key, KEYS, library_ranges)
        assert status is not None
        words = {key: found.value for key, found in status.items() if found}
        assert [key for key in KEYS if words.get(key) == "FAILED"] == [KEYS[4]]
    assert station.materialized(dg.AssetKey("library_artwork")) == {*KEYS}
    snapshots = "select count(*) from coverage_snapshot where dimension = 'all'"
    assert station.backend_db.value(snapshots) == 1
    evaluated = {each.check_name for each in result.get_asset_check_evaluations()}
    assert "the_library_is_covered" in evaluated
    only_the_check = dg.DagsterRun(
        job_name="library_full", parent_run_id=result.run_id, root_run_id=result.run_id
    )
    left = open_ranges(station.instance, only_the_check, LIBRARY_IDENTITY)
    assert left == {IdRange.parse(KEYS[4]): "1 lml_cardinality_mismatch"}


def test_a_record_that_lml_hangs_up_on_keeps_nothing_from_running(station: IdentityGraph) -> None:
    row = min(in_ranges([KEYS[4]]))
    station.pretend.faults = [Fault("closed_head", rows=frozenset({row}))]
    result = full(station)
    assert failures(result) == {}
    assert station.materialized(LIBRARY_IDENTITY) == {*KEYS}
    refused = station.backend_db.rows("select * from lml_resolution where refusal is not null")
    assert [each["library_id"] for each in refused] == [row]
    evaluated = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    assert evaluated["identity_ranges_are_complete"]
    assert evaluated["artwork_ranges_are_complete"]


def test_an_open_range_of_covers_fails_the_run_after_its_snapshot(station: IdentityGraph) -> None:
    station.backend_db.execute("update artists set discogs_artist_id = 7")
    station.backend_db.execute("update library set discogs_unavailable = id % 8 <> 0")
    station.pretend.faults = [Fault("malformed", route="lookup", calls=frozenset({1}))]
    result = full(station)
    assert not result.success
    (said,) = failures(result).values()
    assert "1 range is open" in said
    assert " lml_error (POST /api/v1/lookup: " in said
    covered = station.materialized(dg.AssetKey("library_artwork"))
    assert len(covered) == len(KEYS) - 1
    snapshots = "select count(*) from coverage_snapshot where dimension = 'all'"
    assert station.backend_db.value(snapshots) == 1


def test_a_wrong_key_stops_the_whole_run(station: IdentityGraph) -> None:
    station.pretend.configure(api_key="sesame")
    station.api_key = "hunter2"
    (said,) = failures(full(station)).values()
    assert "LML stopped us" in said
    assert station.materialized(dg.AssetKey("library_artwork")) == set()


def test_asking_alone_and_applying_alone(station: IdentityGraph) -> None:
    asked = station.run(one(KEYS[2]), asset_selection=[CANDIDATES, LML_RESOLUTIONS])
    assert asked.success
    assert station.materialized(LML_RESOLUTIONS) == {KEYS[2]}
    assert station.materialized(LIBRARY_IDENTITY) == set()
    assert station.backend_db.value("select count(*) from library_identity") == 0
    calls = station.pretend.counters.calls["resolve"]
    assert station.run(one(KEYS[2]), asset_selection=[LIBRARY_IDENTITY]).success
    assert station.pretend.counters.calls["resolve"] == calls
    assert station.materialized(LIBRARY_IDENTITY) == {KEYS[2]}
    assert station.backend_db.value("select count(*) from library_identity") > 0


def test_a_range_shows_what_became_of_its_rows(station: IdentityGraph) -> None:
    key = KEYS[3]
    station.run(one(key))
    event = station.instance.get_latest_materialization_event(LIBRARY_IDENTITY)
    assert event is not None
    assert event.asset_materialization is not None
    figures = {name: each.value for name, each in event.asset_materialization.metadata.items()}
    rows = len(in_ranges([key]))
    identities = "select count(*) from library_identity where library_id = any(%s)"
    written = station.backend_db.value(identities, [[*in_ranges([key])]])
    assert figures["dagster/partition_row_count"] == written > 0
    assert figures["run/scanned"] == figures["records"] == rows
    counted = {name: count for name, count in figures.items() if name.startswith("run/rows_")}
    assert sum(count for count in counted.values() if isinstance(count, int)) == rows
    assert figures["run/lml_total_calls"] == 2
    candidates = station.instance.get_latest_materialization_event(CANDIDATES)
    assert candidates is not None
    assert candidates.asset_materialization is not None
    due = candidates.asset_materialization.metadata
    assert due["due.never_resolved"].value == rows


def test_the_launchpad_changes_the_scope(station: IdentityGraph) -> None:
    narrow = {"resources": {"scope": {"config": {"include_null_canonical": False}}}}
    assert station.run(one(KEYS[2]), run_config=narrow).success
    assert station.asked == {each for each in in_ranges([KEYS[2]]) if each % 2 == 0}


TOO_MUCH: list[tuple[str, dict[str, Any]]] = [
    ("pages", {"batch_size": 1001}),
    ("pages", {"va_batch_size": 0}),
    ("scope", {"stale_days": 0}),
    ("scope", {"retry_days": 1e300}),
]


@pytest.mark.parametrize(("name", "config"), TOO_MUCH, ids=str)
def test_a_value_out_of_bounds_in_the_launchpad_fails_the_run_before_anything_is_touched(
    station: IdentityGraph, name: str, config: dict[str, Any]
) -> None:
    before = station.backend_db.versions()
    result = station.run(one(KEYS[2]), run_config={"resources": {name: {"config": config}}})
    assert not result.success
    assert station.pretend.counters.calls == {}
    assert station.backend_db.versions() == before


WRONG_KIND: list[tuple[str, dict[str, Any]]] = [
    ("pages", {"batch_size": "many"}),
    ("scope", {"include_null_canonical": "maybe"}),
    ("scope", {"include_everything": True}),
]


@pytest.mark.parametrize(("name", "config"), WRONG_KIND, ids=str)
def test_a_value_of_the_wrong_kind_in_the_launchpad_starts_no_run(
    station: IdentityGraph, name: str, config: dict[str, Any]
) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match=next(iter(config))):
        station.run(one(KEYS[2]), run_config={"resources": {name: {"config": config}}})
    assert station.pretend.counters.calls == {}


def failed_checks(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """The failed checks of a run that only its checks failed, with their descriptions."""
    evaluations = result.get_asset_check_evaluations()
    found = {e.check_name: e.description or "" for e in evaluations if not e.passed}
    assert result.success is not bool(found)
    return found


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
