"""The contracts are pages of this repository: citations and links name pages and headings."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[3]
DOCS = PROJECT / "docs"
CONTRACTS = DOCS / "contracts"
PAGES = [PROJECT / "README.md", *DOCS.rglob("*.md")]
FOLDERS = ("wxyc_assets", "wxyc_sandbox", "wxyc_assets_tests", "deploy")


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings(page)}


def citations() -> set[tuple[str, str]]:
    """Return the pages and headings that code cites, line breaks in comments undone."""
    found: set[tuple[str, str]] = set()
    for folder in FOLDERS:
        for file in (PROJECT / folder).rglob("*"):
            if file.suffix in {".py", ".sql"}:
                text = re.sub(r"\s+(?:(?:#|--) )?", " ", file.read_text())
                found |= set(re.findall(r'docs/contracts/([\w-]+\.md), "([^"]+)"', text))
    return found


def test_every_citation_of_a_contract_names_a_page_and_one_of_its_headings() -> None:
    cited = citations()
    assert cited
    for name, heading in cited:
        assert heading in headings(CONTRACTS / name), (name, heading)


def test_links_have_targets_and_anchors_have_headings() -> None:
    for page in PAGES:
        for link, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", page.read_text()):
            if "://" not in link:
                target = page.parent / link if link else page
                assert target.exists(), (page.name, link)
                assert not anchor or anchor in anchors(target), (page.name, link, anchor)


def test_no_page_refers_to_something_outside_of_the_repository() -> None:
    for page in PAGES:
        assert "../shared" not in page.read_text(), page.name
