"""Precision: a sample is drawn for people to label, and measured by their labels."""

from collections.abc import Mapping
from dataclasses import dataclass

from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.precision_store import PrecisionStore
from wxyc_assets.domain.review import ReviewCard
from wxyc_assets.domain.samples import (
    LmlRules,
    Measurement,
    Sample,
    SampledKind,
    draw,
    measure,
)


@dataclass(frozen=True, slots=True)
class MeasuredSample:
    """The newest labelled sample, and what its labels say."""

    sample: Sample
    measured: list[Measurement]


async def draw_sample(
    database: Database,
    sample_id: str,
    *,
    seed: int,
    sizes: Mapping[SampledKind, int],
    lml: LmlRules,
) -> list[ReviewCard]:
    """Draw and store a sample; return its cards in the labeller's order.

    Raises ValueError when a size is too small for the strata, or the name is in use.
    """
    store = PrecisionStore(database)
    drawn = draw(await store.units(seed, sizes), sizes)
    await store.put_sample(sample_id, seed, lml, drawn)
    return await store.cards(sample_id)


async def measure_newest(database: Database) -> MeasuredSample | None:
    """Measure by the newest sample with a label; None without one."""
    store = PrecisionStore(database)
    sample = await store.newest_sample()
    if sample is None:
        return None
    return MeasuredSample(sample, measure(await store.labels(sample.sample_id)))


async def current_rules(lml: LmlClient) -> LmlRules:
    """Return the rules that LML answers by now; unknown if it cannot be asked."""
    try:
        health = await lml.health()
    except LmlError:
        return LmlRules()
    return LmlRules(health.version, health.commit_sha)
