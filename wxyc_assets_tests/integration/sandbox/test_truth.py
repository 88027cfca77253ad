"""The pretend LML is wrong at the rates that it states, and the sandbox knows where."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache

import psycopg
import pytest

from wxyc_sandbox.library import SandboxLibrary, seed_library
from wxyc_sandbox.lml.catalogue import Catalogue, CatalogueEntry
from wxyc_sandbox.lml.identities import identify
from wxyc_sandbox.lml.lookup_results import direct_match
from wxyc_sandbox.lml.mistakes import Mistakes, wrong_cover_rate, wrong_rate
from wxyc_sandbox.lml.seeded_random import SeededRandom, fold
from wxyc_sandbox.lml.wire import Json
from wxyc_sandbox.real_world import artist_ids, first_release
from wxyc_sandbox.truth import CoverError, IdentityError, Truth

LIBRARY = SandboxLibrary(0.1)
NAMES = [f"artist {number}" for number in range(60_000)]
OFTEN = 5.0
"""A multiple of the usual rates at which a small library has every kind of error."""


@cache
def truth() -> Truth:
    return Truth(LIBRARY)


def mistakes(share: float) -> Mistakes:
    return Mistakes(LIBRARY.seed, share, Catalogue(LIBRARY.catalogue()))


def external_ids(answer: Json) -> dict[str, str]:
    """Return the ids of an answer that are written, by source."""
    return {
        each["source"]: each["external_id"]
        for each in answer["provenance"]
        if each["external_id"] and each["confidence"]
    }


def identity_errors(share: float, generation: int = 0) -> Iterator[IdentityError | None]:
    """Yield the error of each record of the library that LML identifies."""
    made, names = mistakes(share), LIBRARY.generator.artist_names
    for record in LIBRARY.generator.records():
        artist = fold(names[record.artist_id - 1])
        if answer := identify(artist, made, generation=generation):
            yield truth().identity_error(record.id, external_ids(answer))


def cover_errors(share: float) -> Iterator[CoverError | None]:
    """Yield the error of each cover of the library that LML may send."""
    made = mistakes(share)
    for legacy_release_id, artist, title in LIBRARY.catalogue():
        entries = made.catalogue.find(artist, title)
        answer = made.covers(direct_match(entries, SeededRandom("a lookup", artist, title)))
        for result in answer["results"]:
            if result["library_item"]["id"] == legacy_release_id:
                yield truth().cover_error(
                    ids()[legacy_release_id], result["artwork"]["artwork_url"]
                )


@cache
def ids() -> dict[int, int]:
    return {record.legacy_release_id: record.id for record in LIBRARY.generator.records()}


def assert_rate(drawn: Iterable[tuple[float, bool]]) -> None:
    """Assert that as many were wrong as their rates let expect, within 4 standard errors."""
    rates, wrong = zip(*drawn, strict=True)
    error = math.sqrt(sum(rate * (1 - rate) for rate in rates))
    assert abs(sum(wrong) - sum(rates)) < 4 * error + 1


def test_identities_are_wrong_at_the_rate_of_their_method_and_confidence() -> None:
    drawn: defaultdict[str, list[tuple[float, bool]]] = defaultdict(list)
    made = Mistakes(7, 1.0, Catalogue((at, name, "") for at, name in enumerate(NAMES)))
    for name in NAMES:
        if answer := identify(name, made, generation=0):
            method, confidence = answer["method"], answer["confidence"]
            right = external_ids(answer).items() <= artist_ids(name).items()
            drawn[method].append((wrong_rate(method, confidence), not right))
            drawn[f"{confidence:.1f}"].append((wrong_rate(method, confidence), not right))
    assert len(drawn) == 8 + 4
    for each in drawn.values():
        assert_rate(each)


def test_covers_are_wrong_at_the_rate_of_their_confidence() -> None:
    drawn: defaultdict[float, list[tuple[float, bool]]] = defaultdict(list)
    made = Mistakes(7, 1.0, Catalogue([]))
    for number, name in enumerate(NAMES[:20_000], start=1):
        entry = CatalogueEntry(number, name, "Moon Pix")
        answer = made.covers(direct_match([entry], SeededRandom(number)))
        artwork = answer["results"][0]["artwork"]
        confidence: float = artwork["confidence"]
        is_wrong = artwork["release_id"] != first_release(name, "moon pix")
        drawn[confidence].append((wrong_cover_rate(confidence), is_wrong))
    assert len(drawn) == 3
    for each in drawn.values():
        assert_rate(each)


def test_every_kind_of_mistake_is_made_and_known() -> None:
    assert set(identity_errors(OFTEN)) == {None, *IdentityError}
    assert set(cover_errors(OFTEN)) == {None, *CoverError} - {CoverError.UNKNOWN}


def test_without_mistakes_only_namesakes_are_confused() -> None:
    found = Counter(identity_errors(0))
    assert set(found) == {None, IdentityError.NAMESAKE}
    assert found[IdentityError.NAMESAKE] < 0.02 * found.total()
    assert set(cover_errors(0)) == {None}


def test_most_changed_minds_are_wrong() -> None:
    assert Counter(identity_errors(0, generation=1))[IdentityError.STRANGER] > 50


@pytest.mark.parametrize(
    ("share", "errors"),
    [
        (0, {None, IdentityError.NAMESAKE}),
        (OFTEN, {None, IdentityError.NAMESAKE, IdentityError.STRANGER}),
    ],
)
def test_the_errors_of_a_database_are_known(
    database: str, schema: str, share: float, errors: set[IdentityError | None]
) -> None:
    library = SandboxLibrary(0.1, mistakes=share)
    seed_library(database, schema, library)
    with psycopg.connect(database, options=f"-c search_path={schema}") as connection:
        judged = Truth(library).identity_errors(connection)
        covers = Truth(library).cover_errors(connection)
    assert (len(judged), set(judged.values())) == (1_440, errors)
    assert set(covers.values()) == {None}
