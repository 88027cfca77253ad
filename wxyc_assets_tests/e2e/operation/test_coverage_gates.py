"""The checks from outside: real processes, exit codes, output, and the page in a browser."""

import csv
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from playwright.sync_api import Browser, Page

from wxyc_assets_tests.e2e.operation.processes import run_program
from wxyc_assets_tests.support.browser import browser
from wxyc_sandbox.station import SandboxStation

JOB = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j")
FAILED = "FAILS: the_library_is_covered"


@pytest.fixture(scope="module")
def ephemeral(
    station: SandboxStation, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """The station's environment, on an instance that ends with its process."""
    ours = {**station.environment, "DAGSTER_HOME": str(tmp_path_factory.mktemp("dagster"))}
    del ours["DAGSTER_PG_URL"]
    return ours


@pytest.fixture(scope="module")
def report(station: SandboxStation, ephemeral: Mapping[str, str], project: Path) -> Path:
    """A page with a failed check, after a snapshot on which every check passed."""
    nothing = run_program("wxyc-assets", "report", env=ephemeral, cwd=project)
    assert nothing.returncode == 1
    assert "no snapshot yet" in nothing.stderr

    before = run_program(*JOB, "coverage_gates", env=ephemeral, cwd=project)
    assert before.returncode != 0
    assert FAILED in before.stdout
    assert "the floor is 99%" in before.stdout

    done = run_program(*JOB, "library_full", env=ephemeral, cwd=project)
    assert done.returncode == 0, done.stderr
    assert "passes: the_library_is_covered" in done.stdout
    assert run_program(*JOB, "coverage_gates", env=ephemeral, cwd=project).returncode == 0

    with psycopg.connect(station.database_url) as connection:
        connection.execute("set search_path to wxyc_assets, wxyc_schema")
        for table in ("lml_resolution", "library_identity_source", "library_identity"):
            connection.execute(f"delete from {table} where library_id between 101 and 200".encode())
        connection.execute("update library set unresolved_attempted_at = null where id <= 200")
    after = run_program(*JOB, "coverage_gates", env=ephemeral, cwd=project)
    assert after.returncode != 0
    assert FAILED in after.stdout
    assert "FAILS: identity_coverage_holds" in after.stdout
    assert "0000101-0000200: " in after.stdout

    written = run_program("wxyc-assets", "report", "-o", "page.html", env=ephemeral, cwd=project)
    assert written.returncode == 0, written.stderr
    return project / "page.html"


@pytest.mark.usefixtures("report")
def test_a_failed_check_is_the_exit_code_of_the_whole_job(
    ephemeral: Mapping[str, str], project: Path
) -> None:
    strict = {**ephemeral, "GATE_IDENTITY": "0.999"}
    done = run_program(*JOB, "library_full", env=strict, cwd=project)
    assert done.returncode != 0
    assert "FAILS: identity_coverage_holds" in done.stdout
    assert "passes: the_library_is_covered" in done.stdout


def test_a_page_that_cannot_be_written_is_one_line(
    report: Path, ephemeral: Mapping[str, str], project: Path
) -> None:
    done = run_program("wxyc-assets", "report", "-o", "no/such.html", env=ephemeral, cwd=project)
    assert done.returncode == 1
    assert "no/such.html cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert report.exists()


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def page(report: Path, chromium: Browser) -> Generator[Page]:
    """The page on a phone; any request to the network is a failure."""
    with chromium.new_page(viewport={"width": 360, "height": 740}) as opened:
        requested: list[str] = []
        opened.on("request", lambda request: requested.append(request.url))
        opened.goto(report.as_uri())
        yield opened
        assert [url for url in requested if not url.startswith(("file:", "data:"))] == []


SIZES = {"phone": (390, 844), "laptop": (1280, 800), "paper": (794, 1123)}
CUT_OFF = """
() => [...document.querySelectorAll('.scroll')].filter(e => e.offsetParent)
    .filter(e => e.scrollWidth > e.clientWidth + 1)
    .map(e => e.textContent.trim().slice(0, 40))
"""


@pytest.mark.browser
@pytest.mark.parametrize("medium", SIZES)
def test_no_column_is_cut_off(report: Path, chromium: Browser, medium: str) -> None:
    width, height = SIZES[medium]
    with chromium.new_page(viewport={"width": width, "height": height}) as opened:
        opened.emulate_media(media="print" if medium == "paper" else "screen")
        opened.goto(report.as_uri())
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.evaluate(CUT_OFF) == []


@pytest.mark.browser
def test_on_a_phone_each_number_has_its_label(page: Page) -> None:
    cell = page.locator("#cohorts td").first
    assert cell.get_attribute("data-label") == "records"
    shown = "each => getComputedStyle(each, '::before').content"
    assert cell.evaluate(shown) == '"records"'


@pytest.mark.browser
def test_a_list_is_searched_sorted_and_saved(page: Page) -> None:
    records = page.locator("#list-without_cover")
    records.locator("summary").click()
    first = records.locator("tbody tr").first.locator("td")
    before = first.first.text_content()
    name = first.nth(2).text_content() or ""
    records.locator("th button").first.click()
    records.locator("th button").first.click()
    assert first.first.text_content() != before
    assert records.locator("th").first.get_attribute("aria-sort") == "descending"
    records.locator("input").fill(name.upper())
    found = records.locator("tbody tr").all()
    assert all(name.lower() in (each.text_content() or "").lower() for each in found)
    with page.expect_download() as download:
        records.locator(".csv").click()
    rows = [*csv.reader(download.value.path().read_text("utf-8-sig").splitlines())]
    assert rows[0] == ["record", "artist", "title", "genre", "why", "looked up"]
    assert len(rows) > 1
    assert all(name.lower() in " ".join(row).lower() for row in rows[1:])


@pytest.mark.browser
def test_the_page_can_be_read_on_a_phone(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    sizes = page.evaluate(
        "[...document.querySelectorAll('h1, p, li, td, th, a')]"
        ".map(each => parseFloat(getComputedStyle(each).fontSize))"
    )
    assert min(sizes) >= 13
    labels = page.evaluate(
        "[...document.querySelectorAll('.chart text')].map(e => e.getBoundingClientRect().height)"
    )
    assert min(labels) >= 10


@pytest.mark.browser
def test_a_result_is_a_word_and_a_low_range_is_hatched(page: Page) -> None:
    not_passed = page.locator(".checks .failed, .checks .warned")
    assert "✗ fails: the library is covered" in (not_passed.first.text_content() or "")
    assert page.locator(".checks .passed").count() + not_passed.count() == 18
    low = page.locator(".strip .low")
    assert low.count() == 1
    assert "▼" in (low.text_content() or "")
    assert "gradient" in low.evaluate("each => getComputedStyle(each).backgroundImage")
    for cell in page.locator(".strip li").all():
        assert any(word in (cell.text_content() or "") for word in ("%", "none"))


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(page: Page, scheme: Literal["light", "dark"]) -> None:
    """At least 4.5 to 1, as WCAG asks."""
    page.emulate_media(color_scheme=scheme)
    worst = page.evaluate(
        """() => {
            const light = colour => {
                const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
                    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                return .2126 * r + .7152 * g + .0722 * b;
            };
            return Math.min(...[...document.querySelectorAll('.strip a, p, th, td, nav a')]
                .map(each => {
                    let ground = each;
                    const bare = 'rgba(0, 0, 0, 0)';
                    while (ground && getComputedStyle(ground).backgroundColor === bare)
                        ground = ground.parentElement;
                    const paper = getComputedStyle(ground || document.body).backgroundColor;
                    const [a, b] = [light(getComputedStyle(each).color), light(paper)];
                    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
                }));
        }"""
    )
    assert worst >= 4.5


@pytest.mark.browser
def test_everything_is_reached_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    focused = "document.activeElement.getAttribute('href')"
    assert page.evaluate(focused) == "#content"
    reachable = page.locator("a, summary, [tabindex='0']").count()
    seen: list[str] = []
    for _ in range(reachable):
        seen.append(page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
        page.keyboard.press("Tab")
    assert len(seen) == reachable
    for part in ("#checks", "<summary", "#range-0000101-0000200", "By range"):
        assert any(part in each for each in seen), part
    page.locator("a[href='#range-0000101-0000200']").focus()
    page.keyboard.press("Enter")
    row = page.locator("tr:target")
    assert "0000101-0000200" in (row.text_content() or "")


@pytest.mark.browser
def test_the_page_has_its_charts_as_tables(page: Page) -> None:
    for title in ("By cohort", "By range", "By genre", "Confidence", "Latest snapshots"):
        assert page.locator(f"caption:text-is('{title}')").count() == 1
    assert page.locator("svg[role='img'] > title").first.text_content() == "Coverage over time"
