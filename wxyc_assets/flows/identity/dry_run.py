"""What a run would do: LML is asked as in the real run, and nothing at all is written."""

import asyncio
from collections.abc import Sequence

from wxyc_assets.adapters.lml.bulk_resolve import Answers
from wxyc_assets.adapters.postgres.identity_store import IdentityStore, StoredAnswer
from wxyc_assets.domain.answers import outcome_of
from wxyc_assets.domain.candidates import Candidate, Cohort, Scope
from wxyc_assets.domain.counters import Outcome, Tally
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.identity.batch_resolver import BatchResolver
from wxyc_assets.flows.identity.pipeline import PageSizes
from wxyc_assets.flows.identity.report import NULL_CONFIDENCES, IdentityReport, build_report

Figures = dict[str, int | dict[str, int]]


class DryRun:
    """Asks about whatever is due in a scope, and counts; `asker` must keep nothing."""

    def __init__(
        self,
        library: IdentityStore,
        asker: BatchResolver,
        *,
        scope: Scope,
        page_sizes: PageSizes,
    ) -> None:
        self._library = library
        self._asker = asker
        self._scope = scope
        self._page_sizes = page_sizes

    async def run(self, ranges: Sequence[IdRange]) -> dict[Cohort, Tally]:
        """What a run over the ranges would do now; raises LmlError when LML is down or says no."""
        tallies = {cohort: Tally() for cohort in Cohort}
        for id_range in ranges:
            report = await self._account(id_range)
            for cohort, tally in report.tallies.items():
                tallies[cohort].add(tally)
            if self._asker.stopped:
                raise self._asker.stopped
        return tallies

    async def _account(self, id_range: IdRange) -> IdentityReport:
        due = await self._library.due(id_range, self._scope)
        pages = self._page_sizes.pages([each.candidate for each in due if not each.is_served])
        asked = await asyncio.gather(*(self._asker.ask(page) for page in pages))
        report = build_report(id_range, asked, applied=None)
        for answer in await self._library.unapplied(id_range, self._scope):
            if answer.is_new:
                _count_stored(report.tallies[answer.cohort], answer)
        return report


async def keep_nothing(page: Sequence[Candidate], answers: Answers) -> None:
    """What an Asker keeps in a dry run."""


def figures(tally: Tally) -> Figures:
    """One cohort's figures under the names of the job before us; refused rows are errors there."""
    outcomes = tally.outcomes
    return {
        "scanned": tally.scanned,
        "lml_total_calls": len(tally.latencies_ms),
        "lml_total_latency_ms": round(sum(tally.latencies_ms)),
        "would_resolve": outcomes[Outcome.RESOLVED],
        "would_resolve_compilation": outcomes[Outcome.RESOLVED_COMPILATION],
        "would_unresolved": outcomes[Outcome.UNRESOLVED],
        "would_skip": {
            "compilation": outcomes[Outcome.COMPILATION],
            "lml_error": outcomes[Outcome.LML_ERROR] + outcomes[Outcome.LML_REFUSED],
            "lml_cardinality_mismatch": outcomes[Outcome.CARDINALITY_MISMATCH],
            "lml_untrusted_library_id": outcomes[Outcome.UNTRUSTED_LIBRARY_ID],
        },
        "source_rows_skipped_null_confidence": tally.details[NULL_CONFIDENCES],
    }


def _count_stored(tally: Tally, answer: StoredAnswer) -> None:
    tally.scanned += 1
    tally.outcomes[outcome_of(answer.kind, is_matched=answer.is_matched)] += 1
    tally.details[NULL_CONFIDENCES] += answer.null_confidences
