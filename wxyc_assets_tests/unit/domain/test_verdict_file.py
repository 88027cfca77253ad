"""The verdict file: what it may say, and complaints that name the line."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.verdict_file import (
    COLUMNS,
    VerdictFileInvalid,
    read_verdicts,
    write_verdicts,
)
from wxyc_assets.domain.verdicts import Decision, RecordVerdict, Topic

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HEADER = "library_id,topic,value,decision,decided_by,decided_at"
COVER = "https://i.discogs.com/R-1.jpg"


def read(*lines: str, header: str = HEADER) -> list[RecordVerdict]:
    found = read_verdicts("\n".join([header, *lines]), now=NOW, decided_by=None)
    return [each.verdict for each in found]


def complaints(*lines: str, header: str = HEADER) -> tuple[str, ...]:
    with pytest.raises(VerdictFileInvalid) as refused:
        read(*lines, header=header)
    return refused.value.complaints


def test_a_line_is_one_verdict():
    assert read("4711,spotify,6Qg5gtdO0GLhUXrYGqrHCW,reject,jake,2026-05-01T10:00:00+02:00") == [
        RecordVerdict(
            4711,
            None,
            Topic.SPOTIFY,
            "6Qg5gtdO0GLhUXrYGqrHCW",
            Decision.REJECT,
            "jake",
            datetime(2026, 5, 1, 8, tzinfo=UTC),
        )
    ]


def test_a_line_without_a_decision_is_skipped():
    assert read("4711,cover,https://a.example/1.jpg,,,") == []


def test_a_file_of_excel_is_read():
    text = f"\ufeff{HEADER}\r\n1,cover,{COVER},confirm,jake,\r\n"
    (found,) = read_verdicts(text, now=NOW, decided_by=None)
    assert (found.verdict.decided_at, found.line) == (NOW, 2)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("x,discogs,7,reject,jake,", "library_id is 'x', not a record's number"),
        ("99999999999,discogs,7,reject,jake,", "not a record's number"),
        ("1,deezer,7,reject,jake,", "topic is 'deezer', not one of discogs,"),
        ("1,discogs,7,maybe,jake,", "decision is 'maybe', not one of confirm, reject,"),
        ("1,discogs,,reject,jake,", "value is empty"),
        ("1,discogs,R-7,replace,jake,", "'R-7' is no discogs id: expected a positive number"),
        ("1,spotify,7,confirm,jake,", "'7' is no spotify id: expected 22 letters and digits"),
        ("1,cover,http://a.example/1.jpg,replace,jake,", "cannot be written as a cover: not_https"),
        ("1,discogs,7,reject,,", "decided_by is empty"),
        ("1,discogs,7,reject,jake,yesterday", "not an ISO 8601 time"),
        ("1,discogs,7,reject,jake,2026-05-01T10:00:00", "without its offset from UTC"),
        ("1,discogs,7,reject,jake,2026-05-02T10:00:00Z", "in the future"),
        ("1,discogs,7,reject,jake", "it does not have as many fields as the header"),
        ("1,discogs,7,reject,jake,,more", "it does not have as many fields as the header"),
        ("1,discogs,7\0,reject,jake,", "NUL"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, complaint: str):
    (found,) = complaints("2,discogs,8,reject,jake,", line)
    assert found.startswith("line 3")
    assert complaint in found


def test_a_quote_that_is_never_closed_is_found():
    (found,) = complaints("2,discogs,8,reject,jake,", '1,discogs,"7,reject,jake,')
    assert found.startswith("behind line 2: not CSV")


def test_every_line_that_is_wrong_is_named():
    found = complaints("x,discogs,7,reject,jake,", "1,discogs,7,reject,jake,", "1,discogs,7,no,a,")
    assert [each.partition(":")[0] for each in found] == ["line 2", "line 4"]


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("library_id,topic,value", "missing columns: 'decision'"),
        (f"{HEADER},colour", "unknown columns: 'colour'"),
        (f"{HEADER},topic", "repeated columns: 'topic'"),
    ],
)
def test_the_header_is_checked_first(header: str, complaint: str):
    (found,) = complaints("x,x,x", header=header)
    assert found.startswith("line 1: ")
    assert complaint in found


def test_one_person_decides_once_about_a_value_at_a_moment():
    line = "1,discogs,7,{},jake,2026-05-01T10:00:00Z"
    (found,) = complaints(line.format("reject"), line.format("confirm"))
    assert found.startswith("line 3: jake decided at the same moment")
    assert "on line 2" in found


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).map(str.strip)


@given(
    st.builds(
        RecordVerdict,
        library_id=st.integers(1, 2**31 - 1),
        legacy_release_id=st.none() | st.integers(1, 2**31 - 1),
        topic=st.sampled_from(Topic),
        value=TEXT.filter(bool),
        decision=st.sampled_from([Decision.REJECT, Decision.LATER]),
        decided_by=TEXT.filter(bool),
        decided_at=st.integers(0, 10**9).map(lambda at: datetime.fromtimestamp(at, UTC)),
        note=st.none() | TEXT.filter(bool),
        sample_id=st.none() | TEXT.filter(bool),
    )
)
def test_what_is_written_is_read_back(verdict: RecordVerdict):
    (found,) = read_verdicts(write_verdicts([verdict]), now=NOW, decided_by=None)
    assert found.verdict == verdict


def test_the_columns_are_those_of_a_verdict():
    assert set(COLUMNS) == set(RecordVerdict.__slots__)


def test_what_a_person_rejects_may_have_any_form():
    (found,) = read("1,discogs,R-7,reject,jake,")
    assert replace(found, decided_at=NOW).value == "R-7"
