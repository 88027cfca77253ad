"""The names under which our calls appear at LML: `X-Caller-Reason`.

Those of the jobs before us, by which the operators' dashboards group LML's requests
(docs/contracts/jobs-before-us.md).
"""

from enum import StrEnum

CALLER_REASON = "X-Caller-Reason"


class CallerReason(StrEnum):
    """A job, as LML's dashboards know it."""

    IDENTITIES = "library-identity-consumer"
    COVERS = "library-artwork-url-backfill"
    ROTATION = "rotation-artist-backfill"
    SMOKE = "wxyc-assets-smoke"
    """No job before us: an operator who looks whether LML answers."""
    PRECISION = "wxyc-assets-precision"
    """No job before us either: a question about LML's version."""
