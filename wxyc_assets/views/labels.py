"""Labels that people read, for states, covers and cohorts."""

from wxyc_assets.domain.candidates import Cohort
from wxyc_assets.domain.coverage import CoverState, State
from wxyc_assets.domain.doubts import Reason

STATE_LABELS = {
    State.FRESH: "identified, fresh",
    State.STALE: "identified, stale",
    State.COMPILATION_MATCHED: "compilation matched, waiting to retry",
    State.COMPILATION_UNMATCHED: "compilation not matched, waiting to retry",
    State.UNRESOLVED: "unresolved, waiting to retry",
    State.REFUSED: "refused by LML, waiting to retry",
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
REASON_LABELS = {
    Reason.OTHER_OWN_ID: "another id than the artist's own",
    Reason.SHARED_ID: "an id that artists of other names have, too",
    Reason.SHARED_NAME: "an id that artists of the same name share",
    Reason.CONTRADICTING_SOURCES: "sources that contradict each other",
    Reason.CHANGED_MIND: "an identity that changed twice or more",
    Reason.SHARED_COVER: "a cover that is on other albums, too",
    Reason.OTHER_TITLE: "a cover of an album with another title",
    Reason.OTHER_RELEASE: "a cover of a release that is not the album's",
}
COHORT_LABELS: dict[str, str] = {
    Cohort.VA: "compilations (va)",
    Cohort.NON_VA: "all others (non_va)",
}
