"""The routes of the pretend LML, by path."""

from typing import NamedTuple

from wxyc_sandbox.lml import calls
from wxyc_sandbox.lml.calls import Endpoint
from wxyc_sandbox.lml.catalogue import Catalogue
from wxyc_sandbox.lml.discogs import DiscogsModel
from wxyc_sandbox.lml.health import HealthEndpoint, OpenApiEndpoint
from wxyc_sandbox.lml.lookups import BulkLookupEndpoint, LookupEndpoint
from wxyc_sandbox.lml.refresh import RefreshEndpoint
from wxyc_sandbox.lml.resolve import AnswerOverride, Credits, ResolveEndpoint

RESOLVE = "/api/v1/identity/bulk-resolve-libraries"
LOOKUP = "/api/v1/lookup"
LOOKUP_BULK = "/api/v1/lookup/bulk"
REFRESH = "/api/v1/cache/refresh-for-identities"
HEALTH = "/health"
OPENAPI = "/openapi.json"


class Route(NamedTuple):
    """A route and its handler."""

    name: calls.RouteName
    method: str
    endpoint: Endpoint
    protected: bool = True
    """Requires the API key, if one is set, and counts as in flight."""
    bulk: bool = False


def routes(
    catalogue: Catalogue, discogs: DiscogsModel, credits: Credits, answers: AnswerOverride | None
) -> dict[str, Route]:
    """Return the routes by path."""
    lookup = LookupEndpoint(catalogue, discogs)
    work = {
        RESOLVE: Route("resolve", "POST", ResolveEndpoint(catalogue, credits, answers), bulk=True),
        LOOKUP: Route("lookup", "POST", lookup),
        LOOKUP_BULK: Route("lookup_bulk", "POST", BulkLookupEndpoint(lookup), bulk=True),
        REFRESH: Route("refresh", "POST", RefreshEndpoint(discogs), bulk=True),
        HEALTH: Route("health", "GET", HealthEndpoint(discogs), protected=False),
    }
    openapi = OpenApiEndpoint({path: route.method for path, route in work.items()})
    return work | {OPENAPI: Route("openapi", "GET", openapi, protected=False)}
