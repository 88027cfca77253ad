"""The review page in a browser: worked through with the keyboard, saved as a verdict file."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from wxyc_assets.domain.doubts import DoubtReason
from wxyc_assets.domain.review import Evidence, ReviewCard, candidates_of
from wxyc_assets.domain.verdict_file import read_verdicts
from wxyc_assets.domain.verdicts import Decision, RecordVerdict
from wxyc_assets.views.review_page import page as review_page
from wxyc_assets_tests.support.browser import browser
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve

COVER, OTHER_COVER = "https://i.example/R-1.jpg", "https://i.example/R-2.jpg?a=b,c"
CARDS = [
    ReviewCard(
        4711,
        54_711,
        'Stereolab </script><img src=x onerror="document.title=1">',
        "Dots & Loops",
        candidates_of([("discogs", "388"), ("spotify", "1" * 22), ("cover", COVER)]),
        plays=312,
        doubts=(
            Evidence(DoubtReason.SHARED_ID, "discogs 388 is Stereolab's & <b>Cat Power's</b>"),
        ),
    ),
    ReviewCard(
        4712, 54_712, "Juana Molina", "Segundo", candidates_of([("bandcamp", "javascript:1")])
    ),
]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def page(chromium: Browser, tmp_path: Path) -> Generator[Page]:
    """The page; requests for anything but the cover are a failure."""
    file = tmp_path / "review.html"
    written = review_page("Review", "Two records.", CARDS, page_id="r1", sample_id="s-1")
    file.write_text(written, encoding="utf-8")
    with chromium.new_context() as context:
        opened = context.new_page()
        requested: list[str] = []
        opened.on("request", lambda request: requested.append(request.url))
        opened.route("https://**", lambda route: route.abort())
        opened.goto(file.as_uri())
        yield opened
        local = ("file:", "data:", "blob:")
        assert {url for url in requested if not url.startswith(local)} == {COVER}


def saved(page: Page) -> list[RecordVerdict]:
    with page.expect_download() as download:
        page.keyboard.press("s")
    assert download.value.suggested_filename == "verdicts-r1.csv"
    text = Path(download.value.path()).read_text(encoding="utf-8")
    found = read_verdicts(text, now=datetime.now(UTC), decided_by=None)
    return [each.verdict for each in found]


def test_a_page_is_worked_through_with_the_keyboard(page: Page) -> None:
    page.get_by_label("Your name").fill('Jessica, "JP"')
    page.get_by_label("Your name").press("Tab")
    page.keyboard.press("Tab")
    page.locator("#c0").focus()
    page.keyboard.press("c")  # Discogs
    page.keyboard.press("r")  # Spotify
    page.keyboard.press("e")  # the cover
    page.keyboard.type(OTHER_COVER)
    page.keyboard.press("Enter")
    page.keyboard.press("l")  # Bandcamp
    assert page.locator("#progress").text_content() == "4 of 4 decided"
    said = [(each.library_id, each.topic, each.value, each.decision) for each in saved(page)]
    assert said == [
        (4711, "discogs", "388", Decision.CONFIRM),
        (4711, "spotify", "1" * 22, Decision.REJECT),
        (4711, "cover", COVER, Decision.REJECT),
        (4711, "cover", OTHER_COVER, Decision.REPLACE),
        (4712, "bandcamp", "javascript:1", Decision.LATER),
    ]
    assert {(each.decided_by, each.sample_id) for each in saved(page)} == {('Jessica, "JP"', "s-1")}


def test_decisions_survive_a_reload_and_can_be_taken_back(page: Page) -> None:
    page.locator("#c1").focus()
    page.keyboard.press("Shift+C")
    page.reload()
    assert page.locator("#c0 output").text_content() == "confirmed"
    page.locator("#c0").focus()
    page.keyboard.press("u")
    assert page.locator("#progress").text_content() == "2 of 4 decided"


def test_nothing_is_saved_without_a_name(page: Page) -> None:
    page.locator("#c0").focus()
    page.keyboard.press("c")
    page.keyboard.press("s")
    assert page.get_by_role("alert").text_content() == "Say your name first."


def test_covers_come_from_a_proxy(chromium: Browser, tmp_path: Path) -> None:
    file = tmp_path / "review.html"
    with serve(PretendLml()) as lml, chromium.new_page() as opened:
        written = review_page("Review", "", CARDS, page_id="r1", proxy=f"{lml}/covers")
        file.write_text(written, encoding="utf-8")
        opened.goto(file.as_uri())
        cover = opened.get_by_alt_text("cover")
        cover.scroll_into_view_if_needed()
        assert cover.evaluate("cover => cover.decode().then(() => cover.naturalWidth)") > 0
        assert opened.locator("#c2 a").get_attribute("href") == COVER


def test_what_the_library_says_stays_text(page: Page) -> None:
    assert page.title() == "Review"
    assert "</script><img" in (page.locator("h2").first.text_content() or "")
    assert page.locator("#c3 a").count() == 0
    assert page.locator("#c0 a").get_attribute("href") == "https://www.discogs.com/artist/388"
