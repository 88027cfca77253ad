"""Rows of `coverage_snapshot`, to and from the domain's snapshots."""

from collections.abc import Mapping, Sequence
from typing import Any

from wxyc_assets.domain.artwork import CoverScope, Eligibility, Match, Rules
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.coverage import (
    CoverageRules,
    CoverState,
    Dimension,
    Slice,
    Snapshot,
    State,
    Violation,
)
from wxyc_assets.domain.totals import Totals, UnreadableTotals, read_totals


def slice_row(each: Slice) -> dict[str, Any]:
    """Return the columns of a slice."""
    return {
        "dimension": each.dimension,
        "member": each.member,
        **{state: each.records(state) for state in State},
        **{state: each.cover(state) for state in CoverState},
        **{violation: each.violating(violation) for violation in Violation},
        "compilations": each.compilations,
        "compilations_matched": each.compilations_matched,
        "sources": each.sources,
        "methods": each.methods,
        "confidences": each.confidences,
        "offenders": each.offenders,
        "largest_id": each.largest_id,
        "identities": each.identities,
    }


def to_snapshot(rows: Sequence[Mapping[str, Any]]) -> Snapshot:
    """Return the snapshot of these slices; raises ValueError for a value that cannot be read."""
    slices = [_slice(each) for each in rows]
    first = next(row for row in rows if row["dimension"] == Dimension.ALL)
    return Snapshot(
        run_id=first["run_id"],
        taken_at=first["taken_at"],
        is_wide=first["is_wide"],
        eligibility=Eligibility(first["eligibility"]),
        total=next(each for each in slices if each.dimension is Dimension.ALL),
        cohorts=tuple(each for each in slices if each.dimension is Dimension.COHORT),
        ranges=tuple(each for each in slices if each.dimension is Dimension.ID_RANGE),
        genres=tuple(each for each in slices if each.dimension is Dimension.GENRE),
        rules=None if first["rules"] is None else to_rules(first["rules"], first["rules"]),
        totals=_totals(first["counts"]),
        samples=first["samples"] or {},
        completed_at=first["completed_at"],
    )


def rules_row(rules: CoverageRules) -> dict[str, Any]:
    """Return the rules as they are stored with a run and with a snapshot."""
    scope, covers = rules.scope, rules.covers
    return {
        "is_wide": scope.include_null_canonical,
        "stale_days": scope.stale_days,
        "retry_days": scope.retry_days,
        "eligibility": covers.eligibility,
        "match": covers.rules.match,
        "min_confidence": covers.rules.min_confidence,
        "cover_retry_days": covers.retry_days,
    }


def to_rules(identity: Mapping[str, Any], artwork: Mapping[str, Any]) -> CoverageRules:
    """Return stored rules: those of an identity run, and those of an artwork run.

    Raises ValueError for rules that cannot be read.
    """
    try:
        scope = Scope(
            include_null_canonical=bool(identity["is_wide"]),
            stale_days=float(identity["stale_days"]),
            retry_days=float(identity["retry_days"]),
        )
        covers = CoverScope(
            eligibility=Eligibility(artwork["eligibility"]),
            rules=Rules(float(artwork["min_confidence"]), Match(artwork["match"])),
            retry_days=float(artwork["cover_retry_days"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"stored rules cannot be read: {error!r}") from None
    return CoverageRules(scope, covers)


def _totals(stored: object) -> Totals | None:
    try:
        return read_totals(stored)
    except UnreadableTotals:
        return None


def _slice(row: Mapping[str, Any]) -> Slice:
    return Slice(
        dimension=Dimension(row["dimension"]),
        member=row["member"],
        states={state: row[state] for state in State},
        covers={state: row[state] for state in CoverState},
        violations={violation: row[violation] for violation in Violation},
        compilations=row["compilations"],
        compilations_matched=row["compilations_matched"],
        sources=row["sources"],
        methods=row["methods"],
        confidences=row["confidences"],
        offenders={Violation(name): ids for name, ids in row["offenders"].items()},
        largest_id=row["largest_id"],
        identities=row["identities"],
    )
