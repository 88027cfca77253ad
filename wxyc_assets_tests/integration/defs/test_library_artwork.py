from collections.abc import Iterator
from functools import cache
from typing import Any

import dagster as dg
import pytest

from wxyc_assets.adapters.postgres.database import sql
from wxyc_assets.defs.library_artwork import (
    ArtworkConfig,
    covers_are_written,
    library_artwork,
    lookups_make_sense,
)
from wxyc_assets.defs.resources import resources
from wxyc_assets.domain.artwork import Album, CoverScope, Eligibility, Match, Rules
from wxyc_assets_tests.integration.defs.checks import failed_checks
from wxyc_assets_tests.integration.defs.rotation import changed
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import (
    album,
    found,
    numbers,
    pretend,
    put,
    urls,
    watermark_moves,
)
from wxyc_assets_tests.support.waiting import wait_for
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.server import serve

RANGES = ["0000001-0002500", "0002501-0005000", "0005001-0007500"]
ALBUMS = [
    *(album(at, number) for at, number in enumerate(numbers()["cover"][:20], 1)),
    *(album(2600 + at, number) for at, number in enumerate(numbers()["below_floor"][:5])),
    *(album(5100 + at, number) for at, number in enumerate(numbers()["cover"][20:30])),
]
AT_ONCE = {"health_interval_seconds": 0.0}


@pytest.fixture
def lml() -> PretendLml:
    return pretend(*ALBUMS)


class Bench:
    """Runs of the asset over a shelf, on one instance."""

    def __init__(self, backend_db: BackendDb, lml_url: str, instance: dg.DagsterInstance) -> None:
        self._shelf = backend_db
        self._lml_url = lml_url
        self._instance = instance

    def run(
        self,
        config: dict[str, Any] | None = None,
        *,
        first: str = RANGES[0],
        last: str = RANGES[-1],
        **own: Any,
    ) -> dg.ExecuteInProcessResult:
        usual = {"url": self._lml_url, "api_key": "", "local_dev": True, "max_in_flight": 4}
        hasty = {"rate_per_minute": 0, "first_wait_seconds": 0}
        changes = {"database": {"url": self._shelf.url}, "lml": usual | hasty | own}
        return dg.materialize(
            [library_artwork, covers_are_written, lookups_make_sense],
            instance=self._instance,
            resources={k: changed(each, changes.get(k, {})) for k, each in resources.items()},
            run_config={"ops": {"library_artwork": {"config": AT_ONCE | (config or {})}}},
            tags={
                "dagster/asset_partition_range_start": first,
                "dagster/asset_partition_range_end": last,
            },
            raise_on_error=False,
        )

    def log(self, run_id: str) -> list[dg.EventLogEntry]:
        """Return the log of a run."""
        return list(self._instance.all_logs(run_id))

    @property
    def ranges(self) -> dict[str, dict[str, Any]]:
        """Dagster's metadata of each range that is done, also when a run failed."""
        events = self._instance.fetch_materializations(library_artwork.key, limit=100).records
        found: dict[str, dict[str, Any]] = {}
        for event in reversed(events):
            told = event.asset_materialization
            assert told is not None
            found[str(told.partition)] = {name: each.value for name, each in told.metadata.items()}
        return found


@pytest.fixture
def bench(lml: PretendLml, backend_db: BackendDb) -> Iterator[Bench]:
    put(backend_db, *ALBUMS)
    with serve(lml) as url, dg.DagsterInstance.ephemeral() as instance:
        yield Bench(backend_db, url, instance)


def failure(result: dg.ExecuteInProcessResult) -> tuple[str, dict[str, Any]]:
    (event,) = [each for each in result.all_events if each.is_step_failure]
    told = event.step_failure_data.user_failure_data
    assert told is not None
    return told.description or "", {name: each.value for name, each in told.metadata.items()}


def test_a_run_over_ranges_reports_each(
    backend_db: BackendDb, bench: Bench, lml: PretendLml
) -> None:
    result = bench.run()
    assert result.success
    assert lml.counters.callers.keys() == {"library-artwork-url-backfill"}
    figures = bench.ranges
    assert sorted(figures) == RANGES
    assert len(urls(backend_db)) == 30
    first = figures[RANGES[0]]
    assert (first["albums"], first["run/scanned"], first["run/outcome.written"]) == (20, 20, 20)
    assert (first["share_covered"], first["dagster/partition_row_count"]) == (1.0, 20)
    assert 0 < first["lml_latency_ms_p50"] <= first["lml_latency_ms_p95"]
    assert figures[RANGES[1]]["run/outcome.below_floor"] == 5
    assert figures[RANGES[1]]["share_covered"] == 0


def test_a_range_shows_its_first_covers(bench: Bench) -> None:
    bench.run()
    figures = bench.ranges
    lines = figures[RANGES[2]]["contact_sheet"].splitlines()
    assert len(lines) == 2 + 10
    assert lines[2].startswith("| ![cover](https://i.discogs.com/")
    assert lines[2].endswith(f"| {ALBUMS[-10].artist_name} | {ALBUMS[-10].album_title} |")
    assert "contact_sheet" not in figures[RANGES[1]]


def test_a_range_shows_what_its_covers_cost(
    backend_db: BackendDb, bench: Bench, lml: PretendLml
) -> None:
    lml.configure(lookup_live_share=1.0, discogs_per_worker_per_minute=0)
    assert bench.run(last=RANGES[0]).success
    requests = backend_db.value("select sum(api_calls) from artwork_lookup")
    assert requests > 20
    figures = bench.ranges[RANGES[0]]
    assert figures["run/discogs_requests"] == requests
    assert figures["run/discogs_requests_per_cover"] == requests / 20
    price = backend_db.connection.execute(sql("report/count_prices"), {"since": "-infinity"})
    assert price.fetchone() == (requests, 20)


def test_a_second_run_reports_the_ranges_and_asks_nothing(
    backend_db: BackendDb, bench: Bench, lml: PretendLml
) -> None:
    bench.run()
    before = watermark_moves(backend_db)
    lml.counters.reset()
    assert bench.run().success
    assert ["run/scanned" in bench.ranges[key] for key in RANGES] == [False, False, False]
    assert [bench.ranges[key]["covers"] for key in RANGES] == [20, 0, 10]
    assert not lml.counters.calls
    assert watermark_moves(backend_db) == before


def test_an_open_range_is_named_and_the_others_are_done(bench: Bench, lml: PretendLml) -> None:
    rows = frozenset({ALBUMS[22].legacy_release_id})
    lml.faults = [Fault("malformed", route="lookup", rows=rows)]
    result = bench.run()
    assert not result.success
    assert sorted(bench.ranges) == [RANGES[0], RANGES[2]]
    words, told = failure(result)
    assert told["open_ranges"] == [RANGES[1]]
    assert f"{RANGES[1]}: 1 lml_error (POST /api/v1/lookup: " in words
    lml.faults = []
    lml.counters.reset()
    assert bench.run().success
    assert lml.counters.calls["lookup"] == 1


def test_a_rotated_key_stops_the_run_and_says_so(bench: Bench, lml: PretendLml) -> None:
    lml.configure(api_key="new")
    result = bench.run(api_key="old", max_in_flight=1)
    words, told = failure(result)
    assert "LML_API_KEY is wrong, rotated or revoked" in words
    assert told["open_ranges"] == RANGES
    assert lml.counters.calls["lookup"] == 1
    assert bench.ranges == {}


def test_a_database_that_is_not_there_is_a_failure_in_words(
    backend_db: BackendDb, bench: Bench
) -> None:
    backend_db.execute("drop table artwork_lookup")
    backend_db.execute("delete from alembic_version")
    words, _ = failure(bench.run())
    assert "wxyc-assets migrate" in words


def test_the_switches_are_validated_by_dagster(bench: Bench) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match="careful"):
        bench.run({"match": "reckless"})


def test_the_switches_are_a_scope() -> None:
    assert ArtworkConfig().scope() == CoverScope()
    changed = ArtworkConfig(eligibility="all", match="first", min_confidence=0.4, retry_days=1)
    assert changed.scope() == CoverScope(Eligibility.ALL, Rules(0.4, Match.FIRST), retry_days=1)


def test_the_statistics_are_fresh_after_a_run(backend_db: BackendDb, bench: Bench) -> None:
    bench.run()
    analyzed = (
        "select bool_and(last_analyze is not null) from pg_stat_all_tables "
        "where relname in ('library', 'artwork_lookup')"
    )
    wait_for(lambda: backend_db.value(analyzed))  # before PostgreSQL 15 they come a moment later


def test_a_run_judges_its_covers_and_is_green(bench: Bench) -> None:
    result = bench.run()
    passed = {each.check_name for each in result.get_asset_check_evaluations() if each.passed}
    assert passed == {"covers_are_written", "lookups_make_sense"}


def test_covers_that_the_database_refuses_fail_the_run(backend_db: BackendDb, bench: Bench) -> None:
    backend_db.execute("alter table library add constraint none check (artwork_url is null)")
    result = bench.run()
    assert not result.success
    (event,) = [each for each in result.all_events if each.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert "20 not written (new row for relation" in ((data and data.description) or "")


def test_covers_that_vanish_as_they_are_written_fail_the_run(
    backend_db: BackendDb, bench: Bench
) -> None:
    backend_db.execute(
        "create function lose() returns trigger language plpgsql as "
        "$$ begin new.artwork_url := null; return new; end $$"
    )
    backend_db.execute(
        "create trigger lost before update of artwork_url on library "
        "for each row execute function lose()"
    )
    assert failed_checks(bench.run()).keys() == {"covers_are_written"}


def test_a_cover_that_a_person_removes_later_is_no_failure(
    backend_db: BackendDb, bench: Bench
) -> None:
    assert bench.run().success
    backend_db.execute("update library set artwork_url = null")
    assert bench.run({"retry_days": 30.0}).success


def test_a_run_judges_its_own_ranges_only(backend_db: BackendDb, bench: Bench) -> None:
    backend_db.execute(
        "alter table library add constraint late check (artwork_url is null or id > 2500)"
    )
    assert not bench.run(first=RANGES[0], last=RANGES[0]).success
    assert bench.run(first=RANGES[1], last=RANGES[2]).success


def test_first_lookups_that_find_nothing_fail_the_run_and_later_ones_do_not(
    backend_db: BackendDb, bench: Bench
) -> None:
    hopeless = [each for name in ("below_floor", "no_artwork") for each in numbers()[name]]
    nothing = [album(100 + at, number) for at, number in enumerate(hopeless[:60])]
    put(backend_db, *nothing)
    lml = pretend(*nothing)
    with serve(lml) as url:
        said = failed_checks(bench.run(last=RANGES[0], url=url))
        assert said.keys() == {"lookups_make_sense"}
        assert "only 0 have a cover; at least 5% must" in said["lookups_make_sense"]
        again = bench.run({"retry_days": 1e-9}, last=RANGES[0], url=url)
        assert lml.counters.calls["lookup"] >= 120
        assert again.success


@cache
def unanswered_albums() -> list[Album]:
    """Return albums about which LML only ever has incomplete answers."""
    unanswered = [number for number in range(6_000) if found(album(number)).is_incomplete][:60]
    return [album(100 + at, number) for at, number in enumerate(unanswered)]


def test_records_that_lml_never_answers_about_fail_no_run(
    backend_db: BackendDb, bench: Bench
) -> None:
    unanswered = unanswered_albums()
    answered = [album(200 + at, number) for at, number in enumerate(numbers()["cover"][30:100])]
    put(backend_db, *unanswered, *answered)
    lml = pretend(*unanswered, *answered, *ALBUMS)
    with serve(lml) as url:
        assert not failed_checks(bench.run(last=RANGES[0], url=url))
        assert lml.counters.calls["lookup"] == len(unanswered) + len(answered) + 20
        assert not failed_checks(bench.run(last=RANGES[0], url=url))
        assert lml.counters.calls["lookup"] == 2 * len(unanswered) + len(answered) + 20


def test_an_lml_that_answers_about_nothing_fails_every_run(
    backend_db: BackendDb, bench: Bench
) -> None:
    put(backend_db, *unanswered_albums())
    with serve(pretend(*unanswered_albums(), *ALBUMS)) as url:
        for _ in range(2):
            failed = failed_checks(bench.run(last=RANGES[0], url=url))
            assert failed.keys() == {"lookups_make_sense"}


def test_the_jobs_know_the_covers() -> None:
    from wxyc_assets.definitions import defs

    def keys(name: str) -> set[str]:
        layer = defs.resolve_job_def(name).asset_layer
        return {key.to_user_string() for key in layer.selected_asset_keys}

    covers = {"library_artwork", "library_releases"}
    assert keys("library_artwork_job") == covers
    assert keys("library_artwork_full") == covers
    assert covers < keys("library_full")


def test_a_dj_on_the_air_is_waited_for_and_the_run_says_so(
    backend_db: BackendDb, bench: Bench
) -> None:
    backend_db.execute("insert into flowsheet (play_order) values (1)")
    result = bench.run(live_activity_max_pause_ms=0)
    assert not result.success
    words, _ = failure(result)
    assert words.startswith("A DJ has been on the air for longer than a run gives way")
    assert "3 ranges are open" in words
    said = [each.user_message for each in bench.log(result.run_id)]
    assert "Paused once, 0 s in all: a DJ was on the air." in said
    assert bench.run(live_activity_lookback_seconds=0).success
    assert len(urls(backend_db)) == 30
