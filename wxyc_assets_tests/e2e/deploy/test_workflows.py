"""GitHub Actions: pinned, with the least of rights, and nothing of its own to say."""

import re
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[3]
WORKFLOW = PROJECT / ".github" / "workflows" / "ci.yml"
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
OF_THE_PROJECT = re.compile(r"\.ci/run|make [a-z]+|apt-get .*")


def workflow() -> dict[Any, Any]:
    return yaml.safe_load(WORKFLOW.read_text())


def steps() -> list[dict[str, Any]]:
    return [step for job in workflow()["jobs"].values() for step in job["steps"]]


def test_every_action_is_pinned_to_a_commit() -> None:
    used = [line.strip("- ") for line in WORKFLOW.read_text().splitlines() if "uses:" in line]
    assert len(used) == len([step for step in steps() if "uses" in step]) > 0
    assert [line for line in used if not PINNED.fullmatch(line)] == []


def test_it_may_read_the_code_and_nothing_else() -> None:
    assert workflow()["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow()["jobs"].values())
    assert "pull_request_target" not in WORKFLOW.read_text()
    assert "secrets." not in WORKFLOW.read_text()
    for step in steps():
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_what_it_runs_is_the_projects_own_commands() -> None:
    commands = [step["run"] for step in steps() if "run" in step]
    assert {".ci/run", "make demo", "make gates", "make audit"} <= set(commands)
    assert [each for each in commands if not OF_THE_PROJECT.fullmatch(each)] == []
    targets = re.findall(r"^([a-z][\w-]*):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    made = {each.removeprefix("make ") for each in commands if each.startswith("make ")}
    assert made <= set(targets)


def test_nothing_from_outside_reaches_a_shell() -> None:
    assert all("${{" not in step.get("run", "") for step in steps())


def test_every_job_ends_in_time() -> None:
    assert all(job["timeout-minutes"] <= 90 for job in workflow()["jobs"].values())
