"""Tables of doubts, from values."""

from wxyc_assets.domain.doubts import Doubt, DoubtCount, DoubtReason, Doubts, Severity
from wxyc_assets.views.doubt_tables import by_reason, most_played


def doubt(library_id: int, reason: DoubtReason, evidence: str, plays: int | None) -> Doubt:
    return Doubt(library_id, "Cat Power", "Moon Pix", reason, reason.severity, evidence, plays)


FOUND = Doubts(
    counts={
        DoubtReason.OTHER_OWN_ID: DoubtCount(DoubtReason.OTHER_OWN_ID, 12, 1_000),
        DoubtReason.SHARED_COVER: DoubtCount(DoubtReason.SHARED_COVER, 3, 200),
    },
    before={DoubtReason.OTHER_OWN_ID: DoubtCount(DoubtReason.OTHER_OWN_ID, 10, 1_000)},
    doubtful_records=14,
    most_played=(
        doubt(7, DoubtReason.OTHER_OWN_ID, "its | artist\nis another", 1_500),
        doubt(7, DoubtReason.SHARED_COVER, "its cover is on two", 1_500),
        doubt(8, DoubtReason.SHARED_COVER, "its cover is on two", None),
    ),
    plays_are_known=False,
)


def test_each_reason_has_a_row_with_its_change() -> None:
    assert by_reason(FOUND).rows == (
        ("identity: another id than the artist's own", Severity.HIGH, "12", "1.2%", "+2"),
        ("cover: a cover that is on other albums, too", Severity.LOW, "3", "1.5%", ""),
    )


def test_a_record_has_one_row_with_all_its_doubts() -> None:
    first, second = most_played(FOUND).rows
    assert first[:2] == ("7: Cat Power - Moon Pix", "1,500")
    assert first[2] == "high: its | artist\nis another; low: its cover is on two"
    assert second == ("8: Cat Power - Moon Pix", "unknown", "low: its cover is on two")


def test_evidence_stays_in_its_cell() -> None:
    lines = most_played(FOUND).markdown().splitlines()
    assert len(lines) == 4
    assert "its \\| artist is another" in lines[2]
