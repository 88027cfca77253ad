"""The accepted snapshots that are baselines."""

from dataclasses import replace

from wxyc_assets.domain.gates.history import Baseline, History, history_of
from wxyc_assets_tests.support.snapshots import after, baseline, days_ago, snapshot


def kept(*accepted: Baseline, days: float = 90) -> list[str]:
    found = history_of(accepted, snapshot(), days=days)
    return [each.acceptance.run_id for each in found.baselines]


def test_accepted_snapshots_of_the_last_days_are_baselines() -> None:
    accepted = [baseline(snapshot(days=days)) for days in (1, 89, 90, 91)]
    assert kept(*accepted) == ["run 1", "run 89", "run 90"]


def test_the_newest_of_the_same_scope_is_a_baseline_of_any_age() -> None:
    old, older = baseline(snapshot(days=200)), baseline(snapshot(days=300))
    assert kept(old, older) == ["run 200"]
    narrow = baseline(snapshot(days=5, is_wide=False))
    assert kept(narrow, old, older) == ["run 5", "run 200"]
    recent = baseline(snapshot(days=9))
    assert kept(narrow, recent, old, older) == ["run 5", "run 9"]
    only_narrow = [baseline(snapshot(days=days, is_wide=False)) for days in (200, 300)]
    assert kept(*only_narrow) == ["run 200"]
    assert kept() == []


def test_the_runs_own_acceptance_is_no_baseline() -> None:
    assert kept(baseline(snapshot(days=0)), baseline(snapshot(days=1))) == ["run 1"]


def test_nothing_counts_beyond_what_a_person_accepted() -> None:
    by_hand = baseline(snapshot(days=2), why="5,000 records were withdrawn")
    accepted = [baseline(snapshot(days=1)), by_hand, baseline(snapshot(days=3))]
    assert kept(*accepted) == ["run 1", "run 2"]
    found = history_of(accepted, snapshot(), days=90)
    assert found.by_hand is None
    assert found.first_accepted_at == days_ago(3)
    newest = history_of(accepted[1:], snapshot(), days=90)
    assert newest.by_hand == by_hand.acceptance


def test_a_history_tells_its_snapshots_from_what_is_lost() -> None:
    there = baseline(snapshot(days=1))
    gone = Baseline(replace(there.acceptance, run_id="gone"), None, "its snapshot is gone")
    history = History((there, gone))
    assert history.lost == (gone,)
    assert history.snapshots == (there.snapshot,)
    assert history.comparable(snapshot()) == (there.snapshot,)
    assert history.comparable(snapshot(is_wide=False)) == ()
    assert History().by_hand is None
    assert History().first_accepted_at is None
    assert after().first_accepted_at is None


def test_a_lost_baseline_stays_one() -> None:
    there = baseline(snapshot(days=1))
    gone = Baseline(replace(there.acceptance, run_id="gone"), None, "its snapshot is gone")
    assert kept(gone) == ["gone"]
    assert kept(gone, baseline(snapshot(days=100))) == ["gone", "run 100"]
