"""Samples of what is written, their labels, and the precision that these say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.lml.wire import dump
from wxyc_assets.adapters.postgres.clock import Clock, database_now
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.answers import Source
from wxyc_assets.domain.precision import Estimate, Interval, Stratum, StratumCount
from wxyc_assets.domain.review import ReviewCard, candidates_of
from wxyc_assets.domain.samples import (
    LmlRules,
    MeasuredPrecision,
    Measurement,
    RankedUnit,
    Sample,
    SampledKind,
    SampleUnit,
)


class PrecisionStore:
    """Reads and writes samples and estimates; without a `clock`, the database's now()."""

    def __init__(self, database: Database, clock: Clock = database_now) -> None:
        self._database = database
        self._now = clock

    async def units(self, seed: int, sizes: Mapping[SampledKind, int]) -> list[RankedUnit]:
        """Return the first units of each stratum, as the seed orders them."""
        rows = await self._database.fetch(
            "precision/select_units",
            {
                "seed": seed,
                "subjects": [*sizes],
                "sources": [*Source],
                "most": max(sizes.values()),
            },
        )
        return [
            RankedUnit(
                SampleUnit(
                    row["library_id"],
                    row["legacy_release_id"],
                    _stratum(row),
                    tuple(row["topics"]),
                    tuple(row["shown_values"]),
                ),
                row["place"],
                row["population"],
                row["claimed"],
            )
            for row in rows
        ]

    async def put_sample(
        self, sample_id: str, seed: int, lml: LmlRules, drawn: Sequence[RankedUnit]
    ) -> None:
        """Store a sample; raises ValueError when there is one of this name."""
        strata = {each.unit.stratum: each for each in drawn}
        units = [
            {
                **asdict(each.unit.stratum),
                "library_id": each.unit.library_id,
                "legacy_release_id": each.unit.legacy_release_id,
                "topics": each.unit.topics,
                "shown_values": each.unit.values,
            }
            for each in drawn
        ]
        rows = [
            {**asdict(each), "population": one.population, "claimed": one.claimed}
            for each, one in strata.items()
        ]
        async with self._database.transaction() as transaction:
            if await transaction.fetch("verdicts/select_samples", {"sample_ids": [sample_id]}):
                raise ValueError(f"the sample {sample_id} exists already; choose another name")
            await transaction.execute(
                "precision/put_sample",
                {
                    "sample_id": sample_id,
                    "seed": seed,
                    "now": self._now(),
                    "lml_version": lml.version,
                    "lml_commit": lml.commit_sha,
                    "strata": Jsonb(rows, dumps=dump),
                    "units": Jsonb(units, dumps=dump),
                },
            )

    async def cards(self, sample_id: str) -> list[ReviewCard]:
        """Return the units of a sample as the labeller sees them."""
        rows = await self._database.fetch("precision/select_sample_cards", {"sample_id": sample_id})
        return [
            ReviewCard(
                row["library_id"],
                row["legacy_release_id"],
                row["artist_name"],
                row["album_title"],
                candidates_of(zip(row["topics"], row["shown_values"], strict=True)),
            )
            for row in rows
        ]

    async def newest_sample(self) -> Sample | None:
        """Return the newest sample with a label."""
        rows = await self._database.fetch("precision/select_newest_sample")
        for row in rows:
            lml = LmlRules(row["lml_version"], row["lml_commit"])
            return Sample(row["sample_id"], row["seed"], row["drawn_at"], lml)
        return None

    async def labels(self, sample_id: str) -> list[StratumCount]:
        """Count the labels of each stratum of a sample."""
        rows = await self._database.fetch("precision/count_labels", {"sample_id": sample_id})
        return [
            StratumCount(
                _stratum(row), row["population"], row["labelled"], row["right"], row["claimed"]
            )
            for row in rows
        ]

    async def put_estimates(self, sample_id: str, measured: Iterable[Measurement]) -> None:
        """Store what was measured on a sample."""
        rows = [
            {
                "subject": each.kind,
                "precision": each.overall.precision,
                "low": each.overall.interval.low,
                "high": each.overall.interval.high,
                "labelled": each.overall.labelled,
                "right_labels": each.overall.right,
                "population": each.overall.population,
                "represented": each.overall.represented,
                "labels_to_halve": each.labels_to_halve,
            }
            for each in measured
        ]
        await self._database.execute(
            "precision/put_estimates",
            {
                "sample_id": sample_id,
                "now": self._now(),
                "estimates": Jsonb(rows, dumps=dump),
            },
        )

    async def newest(self) -> list[MeasuredPrecision]:
        """Return what was measured on the newest measured sample; nothing if there is none."""
        rows = await self._database.fetch("precision/select_estimates")
        return [
            MeasuredPrecision(
                SampledKind(row["subject"]),
                row["drawn_at"],
                Estimate(
                    row["precision"],
                    Interval(row["low"], row["high"]),
                    row["labelled"],
                    row["right_labels"],
                    row["population"],
                    row["represented"],
                ),
            )
            for row in rows
        ]


def _stratum(row: Mapping[str, Any]) -> Stratum:
    return Stratum(row["subject"], row["method"], row["band"], row["cohort"])
