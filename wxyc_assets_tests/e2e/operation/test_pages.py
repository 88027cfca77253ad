"""The pages and the code name the same checks, jobs, variables and links."""

import re
import struct
from dataclasses import fields
from pathlib import Path

from wxyc_assets.cli.configuration import OF_LIBRARIES
from wxyc_assets.definitions import defs
from wxyc_assets.domain.counters import Outcome
from wxyc_assets.domain.refreshes import RefreshTally
from wxyc_assets.old_variables import REPLACEMENTS
from wxyc_assets.settings import SECRETS, Settings
from wxyc_assets_tests import pictures

PROJECT = Path(__file__).parents[3]
PAGES = [PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")]
OPERATING = (PROJECT / "docs" / "operating.md").read_text()
MIGRATING = (PROJECT / "docs" / "migrating.md").read_text()
NOT_OURS = {"ANALYZE", "HEAD", "PGSSLMODE", "PGSSLROOTCERT", "SSL_CERT_FILE", "SCALE"}
CONSTANTS = {"RULES_VERSION"}
OF_DEPLOYMENT = {"PGPASSWORD", "DAGSTER_PG_PASSWORD", "OWNER_URL"}
OF_THE_TESTS = {"POSTGRES_14_BIN", "REQUIRE_IMAGE", "POSTGRES_15_BIN", "PYTHON", "ERROR", "WARN"}


def test_every_check_and_every_schedule_is_documented_for_the_operator() -> None:
    checks = {key.name for key in defs.resolve_asset_graph().asset_check_keys}
    schedules = {each.name for each in defs.schedules or []}
    assert checks
    assert [name for name in sorted(checks | schedules) if f"`{name}`" not in OPERATING] == []


def test_every_check_says_first_what_it_judges_and_is_listed_there() -> None:
    families: dict[str, set[str]] = {"This run": set(), "The rotation": set(), "The library": set()}
    for asset_checks in defs.asset_checks or []:
        for spec in asset_checks.check_specs:
            families[(spec.description or "").partition(":")[0]].add(spec.name)
    for family, names in families.items():
        section = OPERATING.partition(f'("{family}: ..."')[2].partition("\n\n**")[0]
        assert names
        assert [name for name in sorted(names) if f"`{name}`" not in section] == [], family


def test_the_counters_that_dashboards_know_are_mapped() -> None:
    counters = {outcome.value.rpartition(".")[2] for outcome in Outcome}
    counters |= {each.name for each in fields(RefreshTally)}
    assert [name for name in sorted(counters) if f"`{name}`" not in MIGRATING] == []


def test_the_jobs_named_by_the_pages_exist() -> None:
    known = {job.name for job in defs.resolve_all_job_defs()}
    for page in PAGES:
        named = set(re.findall(r"-j (\w+)", page.read_text()))
        assert named <= known, page.name


def test_the_variables_named_by_the_pages_exist() -> None:
    known = {name.upper() for name in Settings.model_fields} | set(SECRETS) | set(OF_LIBRARIES)
    known |= NOT_OURS | CONSTANTS | OF_DEPLOYMENT | OF_THE_TESTS | REPLACEMENTS.keys()
    for page in PAGES:
        named = set(re.findall(r"`([A-Z][A-Z0-9_]{4,})(?:=[^`]*)?`", page.read_text()))
        assert named - known == set(), page.name


def test_the_example_of_an_environment_can_be_used() -> None:
    lines = (PROJECT / ".env.example").read_text().splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    example = {name: value for name, _, value in pairs}
    fields = Settings.model_fields
    assert example.keys() <= {name.upper() for name in fields} | SECRETS.keys()
    chosen = {name.lower(): value for name, value in example.items() if name.lower() in fields}
    assert Settings.model_validate(chosen).library_metadata_url


def test_links_have_targets() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in link:
                assert (page.parent / link).exists(), (page.name, link)


def test_the_pictures_in_the_readme_have_the_size_that_the_command_makes() -> None:
    readme = (PROJECT / "README.md").read_text()
    for name in pictures.PICTURES:
        assert f"(docs/images/{name})" in readme
        head = (pictures.FOLDER / name).read_bytes()[:24]
        assert head.startswith(b"\x89PNG")
        assert struct.unpack(">II", head[16:]) == (pictures.WIDTH, pictures.HEIGHT)
