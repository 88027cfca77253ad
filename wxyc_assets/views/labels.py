"""Labels that people read, for states, covers and cohorts."""

from wxyc_assets.domain.candidates import Cohort
from wxyc_assets.domain.coverage import CoverState, State

STATE_LABELS = {
    State.FRESH: "identified, fresh",
    State.STALE: "identified, stale",
    State.COMPILATION_MATCHED: "compilation matched, waiting to retry",
    State.COMPILATION_UNMATCHED: "compilation not matched, waiting to retry",
    State.UNRESOLVED: "unresolved, waiting to retry",
    State.REFUSED: "refused by LML, waiting to retry",
    State.REJECTED: "rejected by a person, waiting to retry",
    State.ATTEMPTED_ELSEWHERE: "attempted by another job, waiting to retry",
    State.ATTEMPTED_LONG_AGO: "attempted long ago",
    State.NOT_WRITTEN: "answered, not written",
    State.NEVER_ASKED: "never asked",
    State.NO_ARTIST_NAME: "out of scope: no artist name",
    State.NO_CANONICAL_ENTITY: "out of scope: no canonical entity",
}
COVER_LABELS = {
    CoverState.THERE: "with cover",
    CoverState.DENIED: "no cover found",
    CoverState.WAITING: "found, not written",
    CoverState.UNKNOWN: "no answer yet",
    CoverState.NOT_WANTED: "not wanted",
}
COHORT_LABELS: dict[str, str] = {
    Cohort.VA: "compilations (va)",
    Cohort.NON_VA: "all others (non_va)",
}
