"""The page of a replay: nothing in a name or a URL breaks out of its place."""

from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.artwork import Album, Choice, Cover, Found, NoCover, NoCoverReason
from wxyc_assets.domain.replay import Effect, KeptDecision, Redecision, ReplayTotals
from wxyc_assets.views import replay_sheet

NOTHING = Found((), "direct", is_incomplete=False)
BELOW = NoCover(NoCoverReason.BELOW_FLOOR, 0.7)
HERE, THERE = Cover("https://x/a.jpeg", 0.9), Cover("https://x/b.jpeg", 0.9)


def redecision(
    before: Choice, after: Choice | None, artist: str = "Cat Power", title: str = "Moon Pix"
) -> Redecision:
    album = Album(1, artist, title, 50_001)
    kept = KeptDecision(
        album,
        NOTHING,
        before,
        is_of_these_rules=True,
        answered_at=datetime(2026, 5, 1, tzinfo=UTC),
        is_eligible=True,
        is_ours=isinstance(before, Cover),
        is_others=False,
    )
    return Redecision(kept, after)


SAMPLES = [
    redecision(BELOW, HERE),
    redecision(HERE, None),
    redecision(HERE, THERE),
    redecision(BELOW, NoCover(NoCoverReason.NO_ROW)),
]
TOTALS = ReplayTotals(decisions=1200, covers=900, not_kept=3, of_others=2)
TOTALS.add(SAMPLES)
TOTALS.effects[Effect.GAINED, "no_row"] = 5


def test_the_summary_counts_by_effect_and_reason() -> None:
    assert list(replay_sheet.summary(TOTALS)) == [
        "1,204 stored answers, 902 covers of ours in the library",
        "gained: 6 (below_floor 1, no_row 5)",
        "lost: 1 (not_eligible 1)",
        "changed: 1 (cover 1)",
        "no cover, for another reason: 1 (no_row 1)",
        "covered by somebody else, and left alone: 2",
        "lookups whose answer was not kept, and which are left alone: 3",
    ]
    assert replay_sheet.as_json(TOTALS) == {
        "decisions": 1204,
        "covers": 902,
        "not_kept": 3,
        "of_others": 2,
        "gained": {"below_floor": 1, "no_row": 5},
        "lost": {"not_eligible": 1},
        "changed": {"cover": 1},
        "other_reason": {"no_row": 1},
    }


def test_the_sheet_shows_each_record_before_and_after() -> None:
    assert replay_sheet.markdown(SAMPLES[:3]).splitlines()[2:] == [
        r"| gained | below\_floor |  | ![cover](https://x/a.jpeg) | Cat Power | Moon Pix |",
        r"| lost | not\_eligible | ![cover](https://x/a.jpeg) |  | Cat Power | Moon Pix |",
        "| changed | cover | ![cover](https://x/a.jpeg) | ![cover](https://x/b.jpeg) | Cat Power "
        "| Moon Pix |",
    ]


def test_the_page_shows_the_covers_by_effect() -> None:
    page = replay_sheet.page(TOTALS, SAMPLES)
    assert page.count("<img ") == 4
    assert "<h2>gained: 6, 1 of them</h2>" in page
    assert "<h2>changed: 1</h2>" in page


def test_covers_come_from_the_proxy_if_there_is_one() -> None:
    proxy = "http://127.0.0.1:8080/covers"
    page = replay_sheet.page(TOTALS, SAMPLES, proxy)
    assert page.count(f'<img src="{proxy}/x/') == page.count("<img ") == 4
    assert f"![cover]({proxy}/x/a.jpeg)" in replay_sheet.markdown(SAMPLES, proxy)
    sample = redecision(BELOW, Cover("http://127.0.0.1:8080/a.jpeg", 1.0))
    assert "<img" not in replay_sheet.page(ReplayTotals(), [sample], proxy)


class Tags(HTMLParser):
    """The tags of a page, counted."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] += 1
        if tag == "img":
            assert [name for name, _ in attrs] == ["src", "alt", "loading"]


@given(st.text(), st.text(), st.text())
def test_nothing_breaks_out_of_the_page(artist: str, title: str, url: str) -> None:
    sample = redecision(BELOW, Cover("https://" + url, 1.0), artist, title)
    tags = Tags()
    tags.feed(replay_sheet.page(ReplayTotals(), [sample]))
    assert tags.counts == {
        "html": 1, "head": 1, "meta": 2, "title": 1, "style": 1, "body": 1, "h1": 1, "p": 5,
        "h2": 1, "ul": 1, "li": 1, "small": 2, "img": 1,
    }  # fmt: skip


def test_an_address_that_is_not_https_is_text() -> None:
    sample = redecision(BELOW, Cover("javascript:alert(1)", 1.0))
    assert "<img" not in replay_sheet.page(ReplayTotals(), [sample])
