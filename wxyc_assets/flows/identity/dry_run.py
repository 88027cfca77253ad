"""A dry run of the identity pipeline: LML is asked as in a real run, and nothing is written."""

import asyncio
from collections.abc import Sequence

from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.retry import GiveWay
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.domain.answers import outcome_of
from wxyc_assets.domain.candidates import Cohort
from wxyc_assets.domain.counters import IdentityTally, Outcome
from wxyc_assets.domain.progress import Progress
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.identity.batch_resolver import BatchResolver
from wxyc_assets.flows.identity.batch_result import BatchResult, Page
from wxyc_assets.flows.identity.pipeline import IdentityOptions
from wxyc_assets.flows.identity.report import NULL_CONFIDENCES, IdentityReport, build_report

Figures = dict[str, int | dict[str, int]]


class IdentityDryRun:
    """Asks about the records that are due in ranges, and counts the answers."""

    def __init__(
        self,
        store: IdentityStore,
        lml: LmlClient,
        options: IdentityOptions,
        give_way: GiveWay | None = None,
    ) -> None:
        self._store = store
        self._options = options
        self.progress = Progress("records")
        self._resolver = BatchResolver(
            lml, options.retry_policy, max_in_flight=options.max_in_flight, give_way=give_way
        )

    async def run(self, ranges: Sequence[IdRange]) -> dict[Cohort, IdentityTally]:
        """Count what a run would do now; raises LmlError when LML is down or refuses us."""
        tallies = {cohort: IdentityTally() for cohort in Cohort}
        self.progress.ranges = len(ranges)
        for id_range in ranges:
            report = await self._report(id_range)
            for cohort, tally in report.tallies.items():
                tallies[cohort].add(tally)
            if self._resolver.stopped:
                raise self._resolver.stopped
        return tallies

    async def _report(self, id_range: IdRange) -> IdentityReport:
        scope = self._options.scope
        due = await self._store.due(id_range, scope)
        unserved = [each.candidate for each in due if not each.is_served]
        self.progress.begin(len(unserved))
        pages = self._options.page_sizes.pages(unserved)
        results = await asyncio.gather(*map(self._resolve, pages))
        for result in results:
            await self._resolver.resolve_doubtful(result)
        report = build_report(
            id_range, results, applied=None, max_refused_writes=self._options.max_refused_writes
        )
        for answer in await self._store.unapplied(id_range, scope):
            if answer.is_new:
                tally = report.tallies[answer.cohort]
                tally.scanned += 1
                tally.outcomes[outcome_of(answer.kind, is_matched=answer.is_matched)] += 1
                tally.details[NULL_CONFIDENCES] += answer.null_confidences
        return report

    async def _resolve(self, page: Page) -> BatchResult:
        result = await self._resolver.resolve(page)
        self.progress.advance(len(page))
        return result


def figures(tally: IdentityTally) -> Figures:
    """One cohort's counters by their public names in a dry run.

    Refused records and invalid answers are errors here.
    """
    outcomes = tally.outcomes
    errors = (Outcome.LML_ERROR, Outcome.LML_REFUSED, Outcome.LML_INVALID)
    return {
        "scanned": tally.scanned,
        "lml_total_calls": len(tally.latencies_ms),
        "lml_total_latency_ms": round(sum(tally.latencies_ms)),
        "would_resolve": outcomes[Outcome.RESOLVED],
        "would_resolve_compilation": outcomes[Outcome.RESOLVED_COMPILATION],
        "would_unresolved": outcomes[Outcome.UNRESOLVED],
        "would_skip": {
            "compilation": outcomes[Outcome.COMPILATION],
            "lml_error": sum(outcomes[each] for each in errors),
            "lml_cardinality_mismatch": outcomes[Outcome.CARDINALITY_MISMATCH],
            "lml_untrusted_library_id": outcomes[Outcome.UNTRUSTED_LIBRARY_ID],
        },
        "source_rows_skipped_null_confidence": tally.details[NULL_CONFIDENCES],
    }
