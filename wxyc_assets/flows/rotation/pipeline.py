"""The refresh of LML's cache for what is in rotation, with one stored row per run."""

from collections.abc import Callable, Iterable

from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.retry import GiveWay
from wxyc_assets.adapters.postgres.rotation_store import RefreshRun, RotationStore
from wxyc_assets.domain.progress import Progress
from wxyc_assets.domain.refreshes import RefreshTally
from wxyc_assets.flows.rotation.cache_refresh import CacheRefresh, RefreshOptions
from wxyc_assets.flows.rotation.report import RotationReport
from wxyc_assets.telemetry import logs


class RotationPipeline:
    """Refreshes LML's cache and stores how that went; each call awaits `give_way` first."""

    def __init__(
        self,
        store: RotationStore,
        lml: LmlClient,
        options: RefreshOptions,
        give_way: GiveWay | None = None,
    ) -> None:
        self._store = store
        self._lml = lml
        self._options = options
        self._give_way = give_way
        self.progress = Progress("identities")

    async def run(
        self, identity_ids: Iterable[int], on_drift: Callable[[str], None], *, run_id: str
    ) -> RotationReport:
        """Refresh these identities; the run's row is there from the beginning, and if it fails.

        `on_drift` is called once for each kind of drift in LML's answers. Raises DatabaseError.
        """
        chosen = sorted(set(identity_ids))
        self.progress.begin(len(chosen))
        refresh = CacheRefresh(
            self._lml,
            self._options,
            on_drift=on_drift,
            on_batch=self._on_batch,
            give_way=self._give_way,
        )
        await self._store.put_refresh(self._row(run_id, refresh.report))
        failure: str | None = "It was stopped in the middle."
        try:
            report = await refresh.run(chosen)
            failure = report.failure
        finally:
            await self._store.put_refresh(
                self._row(run_id, refresh.report, failure=failure, is_finished=True)
            )
        return report

    def _row(
        self,
        run_id: str,
        report: RotationReport,
        *,
        failure: str | None = None,
        is_finished: bool = False,
    ) -> RefreshRun:
        return RefreshRun(
            run_id=run_id,
            batch_size=self._options.batch_size,
            batches=report.batches,
            calls=report.calls,
            tally=report.tally,
            drift=report.drift,
            failure=failure,
            is_finished=is_finished,
        )

    def _on_batch(self, number: int, tally: RefreshTally) -> None:
        self.progress.advance(tally.identities_scanned)
        logs.logger().info("batch refreshed", step=f"batch-{number}", **tally.figures())
