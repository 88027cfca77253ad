"""Rules for the Dockerfile and compose.yaml; `e2e/image` builds and runs them."""

import re
import tomllib
from fnmatch import fnmatch
from typing import Any

import yaml

from wxyc_assets_tests.e2e.deploy.dockerfile import PROJECT, Instruction, read_instructions

SECRET = re.compile(r"(?i)password|passwd|secret|token|api_?key|dsn|_url\b|credential")


def test_the_base_is_pinned_and_every_stage_starts_from_it() -> None:
    instructions = read_instructions()
    base = next(each.text for each in instructions if each.name == "ARG")
    assert re.fullmatch(r"PYTHON=python:3\.\d+\.\d+-slim-\w+", base)
    starts = [each.words for each in instructions if each.name == "FROM"]
    earlier = {words[-1] for words in starts if "AS" in words}
    assert {words[0] for words in starts} <= earlier | {"${PYTHON}"}


def last_stage() -> list[Instruction]:
    instructions = read_instructions()
    return [each for each in instructions if each.stage == instructions[-1].stage]


def test_it_is_nobody_in_particular() -> None:
    (user,) = [each for each in last_stage() if each.name == "USER"]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user.text)


def test_the_last_stage_only_takes_what_was_made_and_runs_nothing() -> None:
    last = last_stage()
    assert "RUN" not in {each.name for each in last}
    assert all(each.is_from_a_stage for each in last if each.name == "COPY")


def test_its_label_is_the_version_of_the_project() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    (labels,) = [each.text for each in last_stage() if each.name == "LABEL"]
    assert f'image.version="{version}"' in labels


def test_nothing_is_fetched_but_by_hash_and_no_secret_has_a_place() -> None:
    for each in read_instructions():
        assert each.name != "ADD"
        assert not re.search(r"curl|wget|apt-get|apk |git ", each.text)
        if re.search(r"(?<!un)install", each.text):
            assert "--require-hashes" in each.text or "--no-deps" in each.text
        if each.name in {"ARG", "ENV", "COPY"}:
            assert not SECRET.search(each.text), each


def test_the_context_is_what_is_copied_and_nothing_else() -> None:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        source.removeprefix("./")
        for each in read_instructions()
        if each.name == "COPY" and not each.is_from_a_stage
        for source in each.words[:-1]
    }
    assert allowed == copied
    assert not any(fnmatch(".env", rule) or fnmatch(".git/config", rule) for rule in allowed)


COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "deploy" / "compose.yaml").read_text())
OURS = {name: each for name, each in COMPOSE["services"].items() if name != "postgres"}


def test_the_services_are_shut_in() -> None:
    assert set(OURS) == {"code", "webserver", "daemon"}
    for each in OURS.values():
        assert each["image"] == "wxyc-assets"
        assert each["read_only"] is True
        assert each["cap_drop"] == ["ALL"]
        assert "privileged" not in each
    ports = {name: each.get("ports", []) for name, each in COMPOSE["services"].items()}
    assert ports == {
        "postgres": [],
        "code": [],
        "webserver": ["127.0.0.1:3000:3000"],
        "daemon": [],
    }


def test_only_the_code_location_gets_the_secrets_of_a_run() -> None:
    assert [name for name, each in OURS.items() if "env_file" in each] == ["code"]
    for each in OURS.values():
        assert set(each["environment"]) == {"DAGSTER_HOME", "DAGSTER_PG_URL", "PGPASSWORD"}
    assert "PASSWORD:?" in COMPOSE["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"]
