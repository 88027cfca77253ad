"""POST /api/v1/cache/refresh-for-identities: LML fetches its data about identities anew."""

from collections.abc import Iterable, Sequence

from wxyc_assets.adapters.lml.wire import Json, as_list, as_object, parse, results_of
from wxyc_assets.domain.prices import Price
from wxyc_assets.domain.refreshes import REQUESTS_PER_IDENTITY, Refreshed, RefreshStatus

PATH = "/api/v1/cache/refresh-for-identities"
SPAN = "lml.refresh_for_identities"
TIMEOUT_SECONDS = 360.0
PROBE_TIMEOUT_SECONDS = 10.0
NO_ANSWER = Refreshed(RefreshStatus.DRIFT, said="no answer")
KNOWN = frozenset(RefreshStatus) - {RefreshStatus.DRIFT}


def price(identities: int) -> Price:
    """Return what a call costs LML in Discogs requests, if nothing is cached."""
    return Price("refresh", REQUESTS_PER_IDENTITY, TIMEOUT_SECONDS, units=identities)


def request(identity_ids: Sequence[int]) -> Json:
    """Return the body of a refresh."""
    return {"identity_ids": list(identity_ids)}


def read_refreshed(body: bytes, asked: Sequence[int]) -> dict[int, Refreshed]:
    """Return the result of each asked identity; raise NotAnAnswer when it has no `results`.

    An answer is taken by its id, the first one counts, foreign ones are dropped.
    """
    found: dict[int, Refreshed] = {}
    for result in map(as_object, results_of(parse(body))):
        identity_id = result.get("identity_id")
        if type(identity_id) is int:
            found.setdefault(identity_id, _read(result))
    return {identity_id: found.get(identity_id, NO_ANSWER) for identity_id in asked}


def _read(result: Json) -> Refreshed:
    status = result.get("status")
    sources = result.get("sources")
    by_source = [as_object(source) for source in as_object(sources).values()]
    requests = _requests(as_object(as_object(sources).get("discogs")))
    if not isinstance(status, str) or status not in KNOWN:
        return Refreshed(RefreshStatus.DRIFT, said=f"status {status!a:.60}", requests=requests)
    if status != RefreshStatus.WARMED:
        return Refreshed(RefreshStatus(status), requests=requests)
    if not isinstance(sources, dict):
        return Refreshed(RefreshStatus.DRIFT, said="warmed without sources")
    return Refreshed(
        RefreshStatus.WARMED,
        warmed_releases=_successes(by_source, "release_outcome"),
        warmed_artists=sum(_successes(_artists(source), "outcome") for source in by_source),
        requests=requests,
    )


def _requests(discogs: Json) -> int:
    """Return how many requests Discogs may have got: LML does not say what it had cached."""
    release = discogs.get("release_outcome") in ("success", "error")
    return release + len(_artists(discogs))


def _artists(source: Json) -> list[Json]:
    return [as_object(each) for each in as_list(source.get("artists"))]


def _successes(items: Iterable[Json], key: str) -> int:
    return sum(item.get(key) == "success" for item in items)
