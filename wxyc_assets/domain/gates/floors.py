"""The floors and limits of the checks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Floors:
    """The floor or limit of each check, as a share between 0 and 1 unless noted."""

    coverage: float
    identity: float
    artwork: float
    artwork_target: float
    compilations: float
    agreement: float
    asked_twice: int
    """The most records that may have been asked about twice."""
    orphaned_sources: int
    """The most records that may have sources without an identity."""
    tolerance: float
    """The most that a share may lie below the baselines."""
    drop: float
    """The most of a count that may have gone since the baselines."""
    found: float
    """Of the answers about records that were asked about for the first time: with an identity."""
    confirmed: float
    """Of the answers about records that had an identity: with an identity again."""
    covers_found: float
    """Of the first lookups that LML could answer: with a cover."""
    yield_history: float
    """The part of the baseline's own yield that every yield must reach."""
    refused: float
    """The most of the questions that LML may have refused."""
    unknown: float
    """The most of the lookups that LML may have left without an answer."""
    not_written: float
    """The most of the answers that may be missing from the tables."""
    fresh: float
    """Of the identities in scope: verified within four staleness windows."""
    flips: float
    """The most of the identities, or covers, that LML may have replaced by others."""
    run_age_days: float
    """The most days since the last complete run."""
    artists_per_id: int
    """The most artists that may share one external id."""
    albums_per_cover: int
    """The most albums that may share one cover."""
