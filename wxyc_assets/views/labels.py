"""Labels that people read, for states, covers, cohorts and the terms of LML's answers."""

from wxyc_assets.domain.answers import AnswerKind, Source
from wxyc_assets.domain.artwork import NoCoverReason
from wxyc_assets.domain.candidates import Cohort, Reason
from wxyc_assets.domain.coverage import CoverState, State
from wxyc_assets.domain.doubts import DoubtReason
from wxyc_assets.domain.verdicts import Decision

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
DOUBT_LABELS = {
    DoubtReason.OTHER_OWN_ID: "another id than the artist's own",
    DoubtReason.SHARED_ID: "an id that artists of other names have, too",
    DoubtReason.SHARED_NAME: "an id that artists of the same name share",
    DoubtReason.CONTRADICTING_SOURCES: "sources that contradict each other",
    DoubtReason.CHANGED_MIND: "an identity that changed twice or more",
    DoubtReason.SHARED_COVER: "a cover that is on other albums, too",
    DoubtReason.OTHER_TITLE: "a cover of an album with another title",
    DoubtReason.OTHER_RELEASE: "a cover of a release that is not the album's",
}
COHORT_LABELS: dict[str, str] = {
    Cohort.VA: "compilations (va)",
    Cohort.NON_VA: "all others (non_va)",
}
REASON_LABELS: dict[str, str] = {
    Reason.NEVER_RESOLVED: "LML was never asked about it",
    Reason.STALE: "its identity is older than STALE_THRESHOLD_DAYS",
    Reason.RETRY_DUE: "its last attempt found no identity, and UNRESOLVED_RETRY_DAYS are over",
    Reason.RECHECK: "it was asked for again",
}
KIND_LABELS: dict[str, str] = {
    AnswerKind.SINGLE_ARTIST: "one artist",
    AnswerKind.COMPILATION: "a compilation",
    AnswerKind.UNRESOLVED: "no identity found",
}
SOURCE_LABELS: dict[str, str] = {
    Source.DISCOGS: "Discogs",
    Source.MUSICBRAINZ: "MusicBrainz",
    Source.WIKIDATA: "Wikidata",
    Source.SPOTIFY: "Spotify",
    Source.APPLE_MUSIC: "Apple Music",
    Source.BANDCAMP: "Bandcamp",
}
VERDICT_LABELS: dict[str, str] = {
    Decision.CONFIRM: "confirmed the {} {}",
    Decision.REJECT: "rejected the {} {}",
    Decision.REPLACE: "gave the {} {}",
    Decision.LATER: "left the {} {} for later",
}
LOOKUP_LABELS: dict[str, str] = {
    "cover": "a cover was found",
    "rejected": "a person rejected the cover that was found",
    "lml_refused": "LML refused the record",
    "unconfirmed": "LML's answer was empty, and counts only if its Discogs breaker was closed",
    NoCoverReason.UNKNOWN: "LML could not say: it ran out of time, or Discogs was out of its reach",
    NoCoverReason.NOT_DIRECT: "LML found similar records only, not this one",
    NoCoverReason.NO_ROW: "LML's results do not include this record",
    NoCoverReason.SEVERAL_ROWS: "LML's results include this record more than once",
    NoCoverReason.NO_ARTWORK: "LML found the record, but no picture of it",
    NoCoverReason.STREAMING_ONLY: "LML found it at a streaming service only, without a release",
    NoCoverReason.BELOW_FLOOR: "LML is not sure enough of the release (ARTWORK_MIN_CONFIDENCE)",
    NoCoverReason.NAME_MISMATCH: "the release that LML found has another artist or title",
    NoCoverReason.NOT_HTTPS: "the picture's address is not a plain https address",
    NoCoverReason.PLACEHOLDER: "the picture is a placeholder",
    NoCoverReason.NOT_A_COVER: "the picture shows an artist or a label, not a cover",
    NoCoverReason.TOO_LONG: "the picture's address is longer than the 512 characters that fit",
}
"""The result of a lookup, in words."""
CHANGE_LABELS: dict[str, str] = {
    "identity": "its identity was written",
    "credits": "its track artists were written",
    "attempt": "an attempt was dated on the library record",
    "cover": "its cover was written",
}
"""A change of the library's tables, by its subject in the journal."""
