from pathlib import Path

from wxyc_assets.cli.configuration import page

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_on_configuration_is_what_the_code_says() -> None:
    written = (DOCS / "configuration.md").read_text().splitlines()
    assert written == list(page()), "run: wxyc-assets configuration > docs/configuration.md"
