"""The job that decides on covers again."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.defs.replays import replay_covers_job
from wxyc_assets.defs.resources import resources
from wxyc_assets_tests.integration.defs.test_library_artwork import changed
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import album, numbers, pretend, put, run_artwork, urls

ALBUMS = [
    *(album(at, number) for at, number in enumerate(numbers()["cover"][:60], 1)),
    *(album(100 + at, number) for at, number in enumerate(numbers()["below_floor"][:5])),
]


@pytest.fixture
async def looked_up(opened: Database, backend_db: BackendDb) -> BackendDb:
    put(backend_db, *ALBUMS)
    await run_artwork(opened, pretend(*ALBUMS))
    return backend_db


def run(backend_db: BackendDb, **config: Any) -> dg.ExecuteInProcessResult:
    return replay_covers_job.execute_in_process(
        resources={"database": changed(resources["database"], {"url": backend_db.url})},
        run_config={"ops": {"decide_on_covers_again": {"config": config}}},
        raise_on_error=False,
    )


def shown(result: dg.ExecuteInProcessResult) -> Mapping[str, Any]:
    (event,) = result.filter_events(lambda each: each.is_successful_output)
    return {name: each.value for name, each in event.step_output_data.metadata.items()}


def test_a_replay_shows_the_difference_and_writes_only_if_told(looked_up: BackendDb) -> None:
    result = run(looked_up, min_confidence=0.1)
    assert result.success
    said = shown(result)
    assert said["effects"]["gained"] == {"below_floor": 5}
    assert not said["is_applied"]
    assert said["contact_sheet"].count("| gained |") == 5
    assert len(urls(looked_up)) == 60
    assert shown(run(looked_up, min_confidence=0.1, apply=True))["is_applied"]
    assert len(urls(looked_up)) == 65
    row = looked_up.row("select pipeline, is_whole, rules from library_run")
    assert row is not None
    assert (row["pipeline"], row["is_whole"]) == ("artwork", False)


def test_a_replay_that_would_take_many_covers_away_writes_nothing(looked_up: BackendDb) -> None:
    before = looked_up.versions()
    result = run(looked_up, min_confidence=1.0, apply=True)
    assert not result.success
    (event,) = [each for each in result.all_events if each.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert "Nothing was written. Of 60 covers of ours," in ((data and data.description) or "")
    assert looked_up.versions() == before
    assert run(looked_up, min_confidence=1.0, apply=True, max_drop=1.0).success
    assert 0 < len(urls(looked_up)) < 60


def test_covers_that_vanish_as_they_are_written_fail_the_replay(looked_up: BackendDb) -> None:
    looked_up.execute(
        "create function lose() returns trigger language plpgsql as "
        "$$ begin new.artwork_url := null; return new; end $$"
    )
    looked_up.execute(
        "create trigger lost before update of artwork_url on library "
        "for each row execute function lose()"
    )
    result = run(looked_up, min_confidence=0.1, apply=True)
    assert not result.success
    (event,) = [each for each in result.all_events if each.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert "5 differ from them" in ((data and data.description) or "")


def test_an_unknown_range_is_named(looked_up: BackendDb) -> None:
    result = run(looked_up, ranges=["0000000-0000001"])
    assert not result.success
