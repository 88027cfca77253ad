"""Replays: what other rules would decide about stored answers, and deciding so."""

from collections import Counter

import pytest
from psycopg import sql

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.journal_store import JournalStore
from wxyc_assets.domain.artwork import (
    Album,
    Cover,
    CoverScope,
    Eligibility,
    Match,
    NoCover,
    Rules,
    choose,
)
from wxyc_assets.domain.progress import Progress
from wxyc_assets.domain.replay import Effect
from wxyc_assets.flows.artwork.replay import (
    Replay,
    ReplayOptions,
    apply_replay,
    plan_replay,
    replay_covers,
)
from wxyc_assets.flows.revert import revert_run
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import (
    ONE_RANGE,
    album,
    choice,
    found,
    pretend,
    put,
    run_artwork,
    urls,
    watermark_moves,
)

MANY = [album(number) for number in range(1, 121)]
SCOPES = [
    CoverScope(),
    CoverScope(rules=Rules(min_confidence=0.1)),
    CoverScope(rules=Rules(min_confidence=0.95)),
    CoverScope(rules=Rules(match=Match.FIRST)),
    CoverScope(rules=Rules(version=2)),
]


def expected(albums: list[Album], scope: CoverScope) -> Counter[tuple[Effect, str]]:
    """Return the effects of a scope on what the usual one decides, by the domain alone."""
    effects: Counter[tuple[Effect, str]] = Counter()
    for each in albums:
        match choice(each), choose(found(each), each, scope.rules):
            case NoCover(reason), Cover():
                effects[Effect.GAINED, reason] += 1
            case Cover(), NoCover(reason):
                effects[Effect.LOST, reason] += 1
            case Cover(before), Cover(after) if before != after:
                effects[Effect.CHANGED, "cover"] += 1
            case NoCover(before), NoCover(after) if before != after:
                effects[Effect.OTHER_REASON, after] += 1
            case _:
                pass
    return effects


async def look_up(opened: Database, backend_db: BackendDb) -> None:
    put(backend_db, *MANY)
    await run_artwork(opened, pretend(*MANY))


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_replay_shows_each_effect_by_reason_and_writes_nothing(
    opened: Database, backend_db: BackendDb, scope: CoverScope
) -> None:
    await look_up(opened, backend_db)
    before = backend_db.versions(), backend_db.rows("select * from artwork_lookup")
    replay = await plan_replay(opened, scope, ONE_RANGE)
    assert replay.totals.effects == expected(MANY, scope)
    assert replay.totals.decisions == len(MANY)
    assert (backend_db.versions(), backend_db.rows("select * from artwork_lookup")) == before
    assert len(replay.samples) == replay.totals.effects.total()


@pytest.mark.parametrize("scope", SCOPES)
async def test_an_applied_replay_is_as_if_lml_had_been_asked_under_these_rules(
    opened: Database, backend_db: BackendDb, scope: CoverScope
) -> None:
    await look_up(opened, backend_db)
    planned = await plan_replay(opened, scope, ONE_RANGE)
    count = await apply_replay(opened, scope, ONE_RANGE, "a replay")
    assert (count.not_written, count.differing) == (unwritable(scope), 0)
    chosen = {each.library_id: choose(found(each), each, scope.rules) for each in MANY}
    assert urls(backend_db) == {
        i: each.url for i, each in chosen.items() if isinstance(each, Cover) and len(each.url) < 513
    }
    again = await plan_replay(opened, scope, ONE_RANGE)
    assert not again.totals.effects
    changed = backend_db.value("select count(*) from artwork_lookup where decided_by = 'a replay'")
    assert changed >= planned.totals.effects.total()


def unwritable(scope: CoverScope) -> int:
    """Covers that the legacy rule accepts although the column cannot hold them."""
    chosen = [choose(found(each), each, scope.rules) for each in MANY]
    return sum(isinstance(each, Cover) and len(each.url) > 512 for each in chosen)


async def test_a_replay_that_changes_nothing_writes_nothing(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    before = backend_db.versions(), watermark_moves(backend_db)
    await apply_replay(opened, CoverScope(), ONE_RANGE, "a replay")
    assert (backend_db.versions(), watermark_moves(backend_db)) == before


async def test_deciding_and_then_writing_can_be_watched(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    seen: list[Progress] = []

    async def watch(progress: Progress) -> None:
        seen.append(progress)

    options = ReplayOptions(
        run_id="a replay", scope=CoverScope(), applies=True, max_drop=1.0, watch=watch
    )
    await replay_covers(opened, ONE_RANGE, options)
    assert [(each.unit, each.done, each.total) for each in seen] == [
        ("ranges decided on", 1, 1),
        ("ranges written", 1, 1),
    ]


async def test_covers_of_others_are_left_alone(opened: Database, backend_db: BackendDb) -> None:
    await look_up(opened, backend_db)
    mine = sorted(urls(backend_db))
    backend_db.execute(
        "update library set artwork_url = 'https://a/person.jpeg' where id = %s", mine[0]
    )
    backend_db.execute("update library set artwork_url = null where id = %s", mine[1])
    strict = CoverScope(rules=Rules(min_confidence=1.0))
    theirs = (await plan_replay(opened, strict, ONE_RANGE)).totals.of_others
    await apply_replay(opened, strict, ONE_RANGE, "a replay")
    assert urls(backend_db)[mine[0]] == "https://a/person.jpeg"
    their_album = album(mine[0])
    keeps = isinstance(choose(found(their_album), their_album, strict.rules), Cover)
    assert theirs == (0 if keeps else 1)


async def test_a_record_that_wants_no_cover_any_more_loses_ours(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    (first, *_) = mine = sorted(urls(backend_db))
    backend_db.execute("update library set discogs_unavailable = true where id = %s", first)
    replay = await plan_replay(opened, CoverScope(), ONE_RANGE)
    assert replay.totals.effects == {(Effect.LOST, "not_eligible"): 1}
    await apply_replay(opened, CoverScope(), ONE_RANGE, "a replay")
    assert sorted(urls(backend_db)) == mine[1:]
    assert not (await plan_replay(opened, CoverScope(), ONE_RANGE)).totals.count(Effect.GAINED)


async def test_answers_that_were_not_kept_are_counted_and_left(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    before = urls(backend_db)
    backend_db.execute("update artwork_lookup set answer = null where library_id <= 20")
    scope = CoverScope(rules=Rules(min_confidence=1.0))
    replay = await plan_replay(opened, scope, ONE_RANGE)
    assert (replay.totals.not_kept, replay.totals.decisions) == (20, 100)
    await apply_replay(opened, scope, ONE_RANGE, "a replay")
    assert {i: url for i, url in urls(backend_db).items() if i <= 20} == {
        i: url for i, url in before.items() if i <= 20
    }


async def test_a_wider_eligibility_needs_answers(opened: Database, backend_db: BackendDb) -> None:
    await look_up(opened, backend_db)
    scope = CoverScope(eligibility=Eligibility.ALL)
    assert not (await plan_replay(opened, scope, ONE_RANGE)).totals.effects


async def test_a_renamed_record_is_not_decided_on(opened: Database, backend_db: BackendDb) -> None:
    await look_up(opened, backend_db)
    backend_db.execute("update library set album_title = 'Another' where id = 1")
    replay: Replay = await plan_replay(opened, CoverScope(), ONE_RANGE)
    assert replay.totals.decisions == len(MANY) - 1


async def test_an_unwritable_cover_costs_its_record_only(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    below = [each.library_id for each in MANY if is_below(each)]
    backend_db.connection.execute(
        sql.SQL(
            "alter table library add constraint one check (artwork_url is null or id <> {})"
        ).format(sql.Literal(below[0]))
    )
    low = CoverScope(rules=Rules(min_confidence=0.1))
    count = await apply_replay(opened, low, ONE_RANGE, "a replay")
    assert (count.not_written, count.offenders) == (1, [below[0]])
    assert {*below[1:]} <= urls(backend_db).keys()


def is_below(wanted: Album) -> bool:
    """Return True if only the confidence stands against the album's cover."""
    chosen = choice(wanted), choose(found(wanted), wanted, Rules(min_confidence=0.1))
    return isinstance(chosen[0], NoCover) and isinstance(chosen[1], Cover)


async def test_a_replay_can_be_reverted_and_is_not_made_again(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    before = urls(backend_db)
    first = CoverScope(rules=Rules(match=Match.FIRST))
    effects = (await plan_replay(opened, first, ONE_RANGE)).totals
    assert effects.count(Effect.GAINED)
    assert effects.count(Effect.CHANGED)
    await apply_replay(opened, first, ONE_RANGE, "a replay")
    strict = CoverScope(rules=Rules(min_confidence=1.0))
    await apply_replay(opened, strict, ONE_RANGE, "another")
    assert urls(backend_db) != before
    store = JournalStore(opened)
    for run_id in ("another", "a replay"):
        result = await revert_run(
            store, run_id, ONE_RANGE, run_id=f"revert of {run_id}", reverted_by="test"
        )
        assert result.left_alone == []
    assert urls(backend_db) == before
    await apply_replay(opened, first, ONE_RANGE, "a third")
    assert urls(backend_db) == before
