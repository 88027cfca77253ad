"""The asset and its check, over a real PostgreSQL and the pretend LML."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from wxyc_assets.adapters.postgres.database import open_database
from wxyc_assets.adapters.postgres.verdict_store import VerdictStore
from wxyc_assets.defs.library_precision import NOT_MEASURED, library_precision
from wxyc_assets.domain.review import ReviewCard
from wxyc_assets.domain.samples import LmlRules, SampledKind
from wxyc_assets.domain.verdict_file import NumberedVerdict
from wxyc_assets.domain.verdicts import Decision, RecordVerdict
from wxyc_assets.flows.precision import draw_sample
from wxyc_assets_tests.integration.defs.resources import database_at, lml_at
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.lml.settings import LmlSettings

UNKNOWN = LmlRules()
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@dataclass
class PrecisionGraph:
    """Runs the asset over one database and one LML, and labels samples."""

    backend_db: BackendDb
    lml_url: str

    def run(self, **floors: float) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [library_precision],
            resources={
                "database": database_at(self.backend_db.url),
                "lml": lml_at(self.lml_url),
            },
            run_config={"ops": {"library_precision": {"config": floors}}},
        )

    def label(self, wrong: int, lml: LmlRules = UNKNOWN) -> None:
        """Draw 40 of the 80 identities and label them, the first few as wrong."""

        async def draw_and_label() -> None:
            async with open_database(
                self.backend_db.url,
                schema="wxyc_schema",
                assets_schema="wxyc_assets",
                max_connections=2,
            ) as database:
                sizes = {SampledKind.IDENTITY: 40}
                cards = await draw_sample(database, "s-1", seed=1, sizes=sizes, lml=lml)
                await VerdictStore(database).take_in(
                    [NumberedVerdict(n, _label(card, n < wrong)) for n, card in enumerate(cards)]
                )

        asyncio.run(draw_and_label())


def _label(card: ReviewCard, is_wrong: bool) -> RecordVerdict:
    (shown,) = card.candidates
    decision = Decision.REJECT if is_wrong else Decision.CONFIRM
    return RecordVerdict(
        card.library_id,
        card.legacy_release_id,
        shown.topic,
        shown.value,
        decision,
        "jake",
        datetime.now(UTC),
        sample_id="s-1",
    )


def check(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = result.get_asset_check_evaluations()
    return found


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node("library_precision")
    return {name: each.value for name, each in event.metadata.items()}


@pytest.fixture
def graph(backend_db: BackendDb) -> Iterator[PrecisionGraph]:
    for number in range(1, 81):
        backend_db.record(number)
        backend_db.identity(number, NOW)
        backend_db.source(number, "discogs", str(number), NOW)
    with serve(PretendLml(LmlSettings())) as url:
        yield PrecisionGraph(backend_db, url)


def test_without_a_label_nothing_is_claimed(graph: PrecisionGraph) -> None:
    result = graph.run()
    assert check(result).passed
    assert check(result).description == NOT_MEASURED
    assert graph.backend_db.rows("select * from precision_estimate") == []


def test_it_says_how_right_the_library_is(graph: PrecisionGraph) -> None:
    graph.label(wrong=1)
    result = graph.run()
    assert check(result).passed
    shown = metadata(result)
    assert shown["identity.precision"] == pytest.approx(39 / 40)
    assert shown["identity.labels"] == 40
    assert "more labels would halve" in shown["identity_summary"]
    assert "data:image/svg+xml" in shown["identity_calibration"]
    (row,) = graph.backend_db.rows("select * from precision_estimate")
    assert row["low"] < 39 / 40 < row["high"]


def test_it_warns_below_the_floor(graph: PrecisionGraph) -> None:
    graph.label(wrong=4)
    found = check(graph.run(identities=0.91))
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert "90.0% of the identities are right" in (found.description or "")
    assert "below the floor of 91%" in (found.description or "")
    assert check(graph.run(identities=0.9)).passed


def test_it_warns_of_an_old_sample(graph: PrecisionGraph) -> None:
    graph.label(wrong=0)
    graph.backend_db.execute("update precision_sample set drawn_at = now() - interval '366 days'")
    assert "is older than a year" in (check(graph.run()).description or "")


def test_it_warns_when_lml_has_other_rules(graph: PrecisionGraph) -> None:
    graph.label(wrong=0, lml=LmlRules("0.0.1", "0" * 40))
    assert "LML has other rules now" in (check(graph.run()).description or "")
