"""Rules for deploy/kubernetes/values.yaml; the chart itself is not here."""

import re
from typing import Any

import yaml

from wxyc_assets import health_check
from wxyc_assets.settings import SECRETS
from wxyc_assets_tests.e2e.deploy.dockerfile import PROJECT, read_instructions
from wxyc_sandbox.station import DAGSTER_YAML

VALUES = yaml.safe_load((PROJECT / "deploy" / "kubernetes" / "values.yaml").read_text())
(OURS,) = VALUES["dagster-user-deployments"]["deployments"]


def as_in_dagster_yaml(value: Any) -> Any:
    """Return a value with its keys written as in dagster.yaml."""
    if not isinstance(value, dict):
        return value
    return {
        re.sub(r"[A-Z]", lambda capital: f"_{capital[0].lower()}", key): as_in_dagster_yaml(inner)
        for key, inner in value.items()
    }


def test_the_instance_is_that_of_compose() -> None:
    instance, daemon = yaml.safe_load(DAGSTER_YAML.read_text()), VALUES["dagsterDaemon"]
    assert as_in_dagster_yaml(daemon["runMonitoring"]) == instance["run_monitoring"]
    assert as_in_dagster_yaml(daemon["runRetries"]) == instance["run_retries"]
    assert as_in_dagster_yaml(VALUES["telemetry"]) == instance["telemetry"]
    for name in ("concurrency", "retention"):
        assert as_in_dagster_yaml(VALUES[name]) == {"enabled": True, **instance[name]}


def test_secrets_are_named_and_not_told() -> None:
    assert not {each["name"] for each in OURS["env"]} & {*SECRETS}
    assert OURS["envSecrets"]
    assert not VALUES["generatePostgresqlPasswordSecret"]
    assert "postgresqlPassword" not in VALUES["postgresql"]


def test_the_pod_is_as_closed_as_the_image() -> None:
    (user,) = (each.text for each in read_instructions() if each.name == "USER")
    pod, container = OURS["podSecurityContext"], OURS["securityContext"]
    assert f"{pod['runAsUser']}:{pod['runAsGroup']}" == user
    assert container["readOnlyRootFilesystem"]
    assert container["capabilities"] == {"drop": ["ALL"]}


def test_the_health_check_asks_the_port_that_is_served() -> None:
    assert health_check.CODE_LOCATION.endswith(f":{OURS['port']}")
    assert OURS["readinessProbe"]["exec"]["command"][-1] in health_check.CHECKS
