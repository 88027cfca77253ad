"""Variables of the jobs before us are never silently ignored."""

import re
from pathlib import Path

import pytest

from wxyc_assets.old_variables import REPLACEMENTS, complaints
from wxyc_assets.settings import SECRETS, Settings, SettingsError, read_settings

DOCS = Path(__file__).parents[2] / "docs"
PASSED_ON = {"SENTRY_*", "DB_*"}
"""Families that the contract names by a pattern."""


def old_variables() -> set[str]:
    """Every variable of the contract's table."""
    page = (DOCS / "contracts/jobs-before-us.md").read_text()
    table = page.partition("## Variables")[2].partition("Log lines")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([A-Z_*]+)`", cell)}


def test_every_variable_of_the_contract_has_a_meaning_or_a_replacement() -> None:
    known = {each.upper() for each in Settings.model_fields} | SECRETS.keys()
    assert old_variables() - PASSED_ON <= known | REPLACEMENTS.keys()
    assert not REPLACEMENTS.keys() & known


@pytest.mark.parametrize(("name", "replacement"), REPLACEMENTS.items())
@pytest.mark.parametrize("value", ["1", "0", ""])
def test_an_old_variable_stops_with_the_line_of_the_migration_page(
    monkeypatch: pytest.MonkeyPatch, name: str, replacement: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert f"{name} belongs to an old job and is not read here; {replacement}" in str(caught.value)
    assert f"| `{name}` | {replacement} |" in (DOCS / "migrating.md").read_text()


def test_one_that_nobody_wrote_down_stops_as_well() -> None:
    assert len(list(complaints(["BACKFILL_SOMETHING", "BATCH_SIZE", "DRY_RUN", "PATH"]))) == 1


def test_old_and_bad_variables_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROTTLE_MS", "100")
    monkeypatch.setenv("BATCH_SIZE", "0")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert "THROTTLE_MS" in str(caught.value)
    assert "BATCH_SIZE='0'" in str(caught.value)


@pytest.mark.parametrize("text", ["true", "1", "TRUE", "True"])
def test_dry_run_is_read_as_the_old_jobs_read_it(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("DRY_RUN", text)
    assert read_settings().dry_run
