"""The due rule for one record."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.candidates import (
    Cohort,
    LibraryRow,
    NotDue,
    Reason,
    Scope,
    due_reason,
    next_due_at,
)

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
WEEK, MONTH = timedelta(days=7), timedelta(days=30)

NARROW, WIDE = Scope(), Scope(include_null_canonical=True)
RECHECK, WIDE_RECHECK = Scope(recheck=True), Scope(include_null_canonical=True, recheck=True)
SCOPES = (NARROW, WIDE, RECHECK, WIDE_RECHECK)

MOON_PIX = LibraryRow(
    artist_name="Cat Power",
    is_canonical=True,
    cohort=Cohort.NON_VA,
    verified_at=None,
    attempted_at=None,
    unidentified_at=None,
)
VARIOUS = replace(MOON_PIX, artist_name="Various Artists", cohort=Cohort.VA)

EDGES = [
    NOW - window + shift
    for window in (timedelta(0), WEEK, MONTH)
    for shift in (-TICK, timedelta(0), TICK)
]
dates = (
    st.none()
    | st.sampled_from(EDGES)
    | st.integers(0, 10**13).map(lambda microseconds: NOW - microseconds * TICK)
)
rows = st.builds(
    LibraryRow,
    artist_name=st.sampled_from(["Stereolab", "", None]),
    is_canonical=st.booleans(),
    cohort=st.sampled_from(Cohort),
    verified_at=dates,
    attempted_at=dates,
    unidentified_at=dates,
    is_wanted_again=st.booleans(),
)
scopes = st.builds(
    Scope,
    include_null_canonical=st.booleans(),
    recheck=st.booleans(),
    stale_days=st.sampled_from([7, 0.5]),
    retry_days=st.sampled_from([30, 1]),
)


def is_due(row: LibraryRow, scope: Scope) -> bool:
    """The contract's bullets once more, one after the other, as plain as they stand there."""
    identified_lately = row.verified_at is not None and NOW - row.verified_at <= timedelta(
        days=scope.stale_days
    )
    attempted_lately = row.attempted_at is not None and NOW - row.attempted_at <= timedelta(
        days=scope.retry_days
    )
    resting = row.unidentified_at is not None and (
        NOW - row.unidentified_at < timedelta(days=scope.retry_days)
    )
    has_identity = row.verified_at is not None
    in_va = row.cohort is Cohort.VA
    ever_attempted = row.attempted_at is not None or row.unidentified_at is not None

    default = row.is_canonical and not identified_lately
    if in_va and not has_identity and attempted_lately:
        default = False
    widened = not identified_lately if has_identity else not attempted_lately
    due = (widened if scope.include_null_canonical else default) and not resting
    rechecked = scope.recheck and in_va and ever_attempted
    return row.artist_name is not None and (due or rechecked or row.is_wanted_again)


@given(row=rows, scope=scopes)
def test_a_row_is_due_exactly_when_the_contract_says(row: LibraryRow, scope: Scope) -> None:
    assert isinstance(due_reason(row, scope, NOW), Reason) == is_due(row, scope)


@given(row=rows, scope=scopes)
def test_the_next_due_moment_is_the_first_at_which_the_row_is_due(
    row: LibraryRow, scope: Scope
) -> None:
    moment = next_due_at(row, scope, NOW)
    if moment is None:
        far = NOW + timedelta(days=4_000)
        assert isinstance(due_reason(row, scope, far), NotDue)
        return
    assert isinstance(due_reason(row, scope, moment), Reason)
    if moment > NOW:
        is_not_before = {due_reason(row, scope, at) for at in (NOW, moment - 2 * TICK)}
        assert is_not_before <= {*NotDue}


@given(row=rows)
def test_the_wide_scope_takes_what_the_narrow_one_takes_but_recent_attempts(
    row: LibraryRow,
) -> None:
    if isinstance(due_reason(row, NARROW, NOW), Reason):
        assert due_reason(row, WIDE, NOW) in (due_reason(row, NARROW, NOW), NotDue.ATTEMPTED)


@given(row=rows, wide=st.booleans())
def test_a_recheck_only_adds_rows(row: LibraryRow, wide: bool) -> None:
    without = due_reason(row, Scope(include_null_canonical=wide), NOW)
    with_recheck = due_reason(row, Scope(include_null_canonical=wide, recheck=True), NOW)
    assert with_recheck is without or with_recheck is Reason.RECHECK


@pytest.mark.parametrize("scope", SCOPES)
def test_what_a_person_wants_asked_again_is_due_in_every_scope(scope: Scope) -> None:
    fresh = replace(MOON_PIX, is_canonical=False, verified_at=NOW, is_wanted_again=True)
    assert due_reason(fresh, scope, NOW) is Reason.RECHECK


@pytest.mark.parametrize("scope", SCOPES)
def test_without_an_artist_name_a_row_is_never_due(scope: Scope) -> None:
    nameless = replace(VARIOUS, artist_name=None, attempted_at=NOW - 2 * MONTH)
    assert due_reason(nameless, scope, NOW) is NotDue.NO_ARTIST_NAME


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    ("age", "verdict"),
    [(WEEK - TICK, NotDue.FRESH), (WEEK, NotDue.FRESH), (WEEK + TICK, Reason.STALE)],
)
def test_an_identity_is_stale_once_it_is_older_than_the_window(
    scope: Scope, age: timedelta, verdict: Reason | NotDue
) -> None:
    assert due_reason(replace(MOON_PIX, verified_at=NOW - age), scope, NOW) is verdict


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    ("age", "verdict"), [(MONTH - TICK, NotDue.WAITING_TO_RETRY), (MONTH, Reason.RETRY_DUE)]
)
def test_an_answer_that_named_nobody_rests_in_every_scope(
    scope: Scope, age: timedelta, verdict: Reason | NotDue
) -> None:
    assert due_reason(replace(MOON_PIX, unidentified_at=NOW - age), scope, NOW) is verdict


def test_a_record_whose_decision_was_reverted_waits_and_says_why() -> None:
    row = replace(MOON_PIX, unidentified_at=NOW - WEEK, is_reverted=True)
    assert due_reason(row, NARROW, NOW) is NotDue.REVERTED
    assert next_due_at(row, NARROW, NOW) == NOW - WEEK + MONTH + TICK
    assert due_reason(row, NARROW, NOW - WEEK + MONTH + TICK) is Reason.RETRY_DUE


def test_a_stale_identity_that_is_now_answered_unresolved_rests_like_the_others() -> None:
    row = replace(MOON_PIX, verified_at=NOW - 2 * MONTH, unidentified_at=NOW - WEEK)
    assert due_reason(row, NARROW, NOW) is NotDue.WAITING_TO_RETRY
    assert due_reason(row, WIDE, NOW) is NotDue.WAITING_TO_RETRY
    assert due_reason(replace(row, unidentified_at=NOW - MONTH), NARROW, NOW) is Reason.STALE


@pytest.mark.parametrize(
    ("age", "verdict"),
    [(MONTH - TICK, NotDue.ATTEMPTED), (MONTH, NotDue.ATTEMPTED), (MONTH + TICK, Reason.RETRY_DUE)],
)
def test_the_wide_scope_honours_the_stamp_on_the_library(
    age: timedelta, verdict: Reason | NotDue
) -> None:
    row = replace(MOON_PIX, attempted_at=NOW - age, is_canonical=False)
    assert due_reason(row, WIDE, NOW) is verdict


def test_the_narrow_scope_honours_the_stamp_in_the_compilation_cohort_only() -> None:
    attempted = NOW - WEEK
    assert due_reason(replace(VARIOUS, attempted_at=attempted), NARROW, NOW) is NotDue.ATTEMPTED
    assert due_reason(replace(MOON_PIX, attempted_at=attempted), NARROW, NOW) is Reason.RETRY_DUE


def test_only_the_wide_scope_looks_at_rows_without_a_canonical_entity() -> None:
    row = replace(MOON_PIX, is_canonical=False)
    assert due_reason(row, NARROW, NOW) is NotDue.NO_CANONICAL_ENTITY
    assert due_reason(row, WIDE, NOW) is Reason.NEVER_RESOLVED


@pytest.mark.parametrize("attempted", [{"attempted_at": NOW}, {"unidentified_at": NOW}])
def test_a_recheck_takes_every_compilation_row_ever_attempted(
    attempted: dict[str, datetime],
) -> None:
    row = replace(VARIOUS, is_canonical=False, verified_at=NOW, **attempted)
    assert due_reason(row, RECHECK, NOW) is Reason.RECHECK
    assert due_reason(replace(row, cohort=Cohort.NON_VA), RECHECK, NOW) is NotDue.FRESH


def test_a_recheck_leaves_compilations_alone_that_were_never_attempted() -> None:
    row = replace(VARIOUS, is_canonical=False)
    assert due_reason(row, RECHECK, NOW) is NotDue.NO_CANONICAL_ENTITY


@pytest.mark.parametrize(
    ("scope", "stamps"), [(NARROW, False), (WIDE, True), (RECHECK, True), (WIDE_RECHECK, True)]
)
def test_attempts_are_dated_in_the_wide_scope_and_in_a_recheck(scope: Scope, stamps: bool) -> None:
    assert scope.records_attempts is stamps
