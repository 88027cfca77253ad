"""Where everything is."""

from typing import NamedTuple

from wxyc_sandbox.lml import calls
from wxyc_sandbox.lml.calls import Endpoint
from wxyc_sandbox.lml.catalogue import Catalogue
from wxyc_sandbox.lml.discogs import DiscogsModel
from wxyc_sandbox.lml.health import Health, OpenApi
from wxyc_sandbox.lml.lookups import Lookup, LookupBulk
from wxyc_sandbox.lml.refresh import Refresh
from wxyc_sandbox.lml.resolve import Answers, BulkResolve, Credits

RESOLVE = "/api/v1/identity/bulk-resolve-libraries"
LOOKUP = "/api/v1/lookup"
LOOKUP_BULK = "/api/v1/lookup/bulk"
REFRESH = "/api/v1/cache/refresh-for-identities"
HEALTH = "/health"
OPENAPI = "/openapi.json"


class Route(NamedTuple):
    name: calls.Route
    method: str
    endpoint: Endpoint
    protected: bool = True
    """Asks for the key when there is one, and counts as in flight."""
    bulk: bool = False


def routes(
    catalogue: Catalogue, discogs: DiscogsModel, credits: Credits, answers: Answers | None
) -> dict[str, Route]:
    lookup = Lookup(catalogue, discogs)
    work = {
        RESOLVE: Route("resolve", "POST", BulkResolve(credits, answers), bulk=True),
        LOOKUP: Route("lookup", "POST", lookup),
        LOOKUP_BULK: Route("lookup_bulk", "POST", LookupBulk(lookup), bulk=True),
        REFRESH: Route("refresh", "POST", Refresh(discogs), bulk=True),
        HEALTH: Route("health", "GET", Health(discogs), protected=False),
    }
    openapi = OpenApi({path: route.method for path, route in work.items()})
    return work | {OPENAPI: Route("openapi", "GET", openapi, protected=False)}
