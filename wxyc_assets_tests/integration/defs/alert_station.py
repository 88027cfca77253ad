"""A code location for tests: our own sensors over a job that can be told to fail."""

import dagster as dg

from wxyc_assets.defs import freshness
from wxyc_assets.defs.alerts import alert_sensors
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.resources import resources


class Mood(dg.Config):
    """What a run should come to."""

    failing: bool = False
    uncovered: bool = False


@dg.asset(freshness_policy=freshness.weekly)
async def coverage(context: dg.AssetExecutionContext, config: Mood) -> None:
    """Fails when it is told to, with a secret in its reason."""
    with instrumented(context, "coverage") as totals:
        totals.add({"consumer.va.scanned": 3})
        if config.failing:
            raise dg.Failure("LML stopped us: the key sesame-of-lml is wrong")


@dg.asset_check(asset=coverage, blocking=True)
def is_covered(config: Mood) -> dg.AssetCheckResult:
    """Does not hold when it is told so."""
    return dg.AssetCheckResult(
        passed=not config.uncovered,
        description="0.97 of the library is covered, the floor is 0.99",
        metadata={"covered": 0.97, "floor": 0.99},
    )


@dg.asset(deps=[coverage])
def report() -> None:
    """Behind the gate."""


coverage_job = dg.define_asset_job("coverage_job", selection=[coverage, report])

defs = dg.Definitions(
    assets=[coverage, report],
    asset_checks=[is_covered],
    jobs=[coverage_job],
    sensors=alert_sensors,
    resources={name: resources[name] for name in ("database", "alerts")},
    executor=dg.in_process_executor,
)


def mood(*, failing: bool = False, uncovered: bool = False) -> dict[str, object]:
    """The run config for it."""
    return {
        "ops": {
            "coverage": {"config": {"failing": failing, "uncovered": uncovered}},
            "coverage_is_covered": {"config": {"failing": failing, "uncovered": uncovered}},
        }
    }
