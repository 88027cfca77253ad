"""LML's words on the wire: the answer to a refresh."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from wxyc_assets.adapters.lml.bulk_resolve import Json, NotAnAnswer, parse
from wxyc_assets.domain.refreshes import Refreshed, RefreshStatus

NO_ANSWER = Refreshed(RefreshStatus.DRIFT, said="no answer")
KNOWN = frozenset(RefreshStatus) - {RefreshStatus.DRIFT}


def read_refreshed(body: bytes, asked: Sequence[int]) -> dict[int, Refreshed]:
    """What LML says about each asked identity; raises NotAnAnswer when it has no `results`.

    An answer is taken by its id, the first one counts, foreign ones are dropped.
    """
    results = _object(parse(body)).get("results")
    if not isinstance(results, list):
        raise NotAnAnswer("`results` is missing or no list")
    found: dict[int, Refreshed] = {}
    for result in map(_object, cast(list[Any], results)):
        identity_id = result.get("identity_id")
        if type(identity_id) is int:
            found.setdefault(identity_id, _read(result))
    return {identity_id: found.get(identity_id, NO_ANSWER) for identity_id in asked}


def _read(result: Json) -> Refreshed:
    said = result.get("status")
    sources = result.get("sources")
    if not isinstance(said, str) or said not in KNOWN:
        return Refreshed(RefreshStatus.DRIFT, said=f"status {said!a:.60}")
    if said != RefreshStatus.WARMED:
        return Refreshed(RefreshStatus(said))
    if not isinstance(sources, dict):
        return Refreshed(RefreshStatus.DRIFT, said="warmed without sources")
    named = [_object(source) for source in cast(Json, sources).values()]
    return Refreshed(
        RefreshStatus.WARMED,
        warmed_releases=_successes(named, "release_outcome"),
        warmed_artists=sum(_successes(_artists(source), "outcome") for source in named),
    )


def _artists(source: Json) -> list[Json]:
    artists = source.get("artists")
    return [_object(each) for each in cast(list[Any], artists)] if isinstance(artists, list) else []


def _successes(items: Iterable[Json], key: str) -> int:
    return sum(item.get(key) == "success" for item in items)


def _object(value: Any) -> Json:
    return cast(Json, value) if isinstance(value, dict) else {}
