"""The precision of identities and covers, measured on a labelled sample."""

from collections.abc import Iterable
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.adapters.postgres.precision_store import PrecisionStore
from wxyc_assets.defs.catalog import what_to_do
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.library_artwork import library_artwork
from wxyc_assets.defs.library_identity import LIBRARY_IDENTITY
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.resources import DatabaseResource
from wxyc_assets.domain.samples import LmlRules, Measurement, SampledKind, in_words, objections
from wxyc_assets.flows.precision import MeasuredSample, current_rules, measure_newest
from wxyc_assets.settings import Share, settings
from wxyc_assets.views import precision_views as views
from wxyc_assets.views.charts import inline

NOT_MEASURED = (
    "Nothing is measured: there is no sample with a label. Draw one with `wxyc-assets sample`."
)


class PrecisionConfig(dg.Config):
    """The floors of the check; from the environment, unless set for one run."""

    identities: Share = Field(default=settings.gate_precision)
    covers: Share = Field(default=settings.gate_cover_precision)

    def floors(self) -> dict[SampledKind, float]:
        """Return the floors by what they are about."""
        return {SampledKind.IDENTITY: self.identities, SampledKind.COVER: self.covers}


@dg.asset(
    deps=[LIBRARY_IDENTITY, library_artwork],
    check_specs=[
        dg.AssetCheckSpec(
            "precision_holds",
            asset="library_precision",
            description="Identities and covers are right as often as their floors demand, by a "
            "sample that is less than a year old and was drawn under LML's current rules. "
            "Warns only.",
        )
    ],
)
async def library_precision(
    context: dg.AssetExecutionContext,
    config: PrecisionConfig,
    database: DatabaseResource,
    lml: LmlResource,
):  # Dagster would read an annotation here as the outputs' types
    """The share of identities, and of covers, that is right, as the newest labelled sample says.

    Stored in `precision_estimate`; LML is asked for its version only.
    """
    with instrumented(context, "library_precision") as totals:
        async with database.open() as opened:
            found = await measure_newest(opened)
            if found is None:
                return dg.MaterializeResult(check_results=[_result([], NOT_MEASURED)])
            await PrecisionStore(opened).put_estimates(found.sample.sample_id, found.measured)
            async with lml.open(opened, CallerReason.PRECISION) as client:
                current = await current_rules(client)
        totals.add(_numbers(found.measured))
    return dg.MaterializeResult(
        metadata=_metadata(found), check_results=[_judged(found, current, config)]
    )


def _judged(
    found: MeasuredSample, current: LmlRules, config: PrecisionConfig
) -> dg.AssetCheckResult:
    against = objections(
        found.sample,
        found.measured,
        now=datetime.now(UTC),
        current=current,
        floors=config.floors(),
    )
    measured = "; ".join(in_words(each.kind, each.overall) for each in found.measured)
    return _result(against, measured or "No unit of the sample is decided.")


def _result(against: list[str], measured: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="precision_holds",
        passed=not against,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(against) or measured,
        metadata=what_to_do("precision_holds"),
    )


def _numbers(measured: Iterable[Measurement]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for each in measured:
        overall = each.overall
        numbers |= {
            f"{each.kind}.precision": overall.precision,
            f"{each.kind}.precision_low": overall.interval.low,
            f"{each.kind}.precision_high": overall.interval.high,
            f"{each.kind}.labels": overall.labelled,
        }
    return numbers


def _metadata(found: MeasuredSample) -> dict[str, dg.MetadataValue]:
    shown: dict[str, dg.MetadataValue] = {
        "dagster/row_count": dg.MetadataValue.int(len(found.measured)),
        "sample": dg.MetadataValue.text(found.sample.sample_id),
        "drawn_at": dg.MetadataValue.timestamp(found.sample.drawn_at),
        "age_days": dg.MetadataValue.int((datetime.now(UTC) - found.sample.drawn_at).days),
    }
    for name, number in _numbers(found.measured).items():
        shown[name] = dg.MetadataValue.float(float(number))
    for each in found.measured:
        chart = inline(views.calibration_chart("Calibration", each.bands), "Calibration")
        table = views.by_stratum(each.strata).markdown()
        shown[f"{each.kind}_summary"] = dg.MetadataValue.text(views.summary(each))
        shown[f"{each.kind}_strata"] = dg.MetadataValue.md(table)
        if each.bands:
            bands = views.by_band(each.bands).markdown()
            shown[f"{each.kind}_calibration"] = dg.MetadataValue.md(f"{chart}\n\n{bands}")
    return shown
