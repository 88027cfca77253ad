"""A labelled sample against the sandbox's truth: the interval holds the library's precision."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from random import Random

import pytest

from wxyc_assets.domain.precision import Stratum, StratumCount, allocate, estimate
from wxyc_sandbox.library import SandboxLibrary
from wxyc_sandbox.lml.catalogue import Catalogue
from wxyc_sandbox.lml.identities import identify
from wxyc_sandbox.lml.mistakes import Mistakes
from wxyc_sandbox.lml.seeded_random import fold
from wxyc_sandbox.truth import Truth

LIBRARY = SandboxLibrary(0.1)
SAMPLES, LEAST, MOST = 1_000, 930, 985
"""950 less three standard errors; the interval may hold the truth a little more often."""


@cache
def are_right(share: float) -> Mapping[Stratum, list[bool]]:
    """Return for each identity whether it is right, by stratum; errors at a multiple of usual."""
    mistakes = Mistakes(LIBRARY.seed, share, Catalogue(LIBRARY.catalogue()))
    truth, names = Truth(LIBRARY), LIBRARY.generator.artist_names
    found: defaultdict[Stratum, list[bool]] = defaultdict(list)
    for record in LIBRARY.generator.records():
        answer = identify(fold(names[record.artist_id - 1]), mistakes, generation=0)
        if answer:
            ids = {
                each["source"]: each["external_id"]
                for each in answer["provenance"]
                if each["external_id"] and each["confidence"]
            }
            band = f"{int(answer['confidence'] * 10 + 1e-5) / 10}"
            stratum = Stratum("identity", answer["method"], band, "non_va")
            found[stratum].append(truth.identity_error(record.id, ids) is None)
    return found


@pytest.mark.parametrize("share", [1.0, 5.0])
def test_the_interval_holds_the_precision_of_the_library(share: float) -> None:
    random, library = Random(7), are_right(share)
    populations = {stratum: len(each) for stratum, each in library.items()}
    precision = sum(map(sum, library.values())) / sum(populations.values())
    assert len(library) > 5
    assert 0.8 < precision < 1
    drawn = allocate(populations, 400)
    held = 0
    for _ in range(SAMPLES):
        found = estimate(
            StratumCount(each, populations[each], n, sum(random.sample(library[each], n)))
            for each, n in drawn.items()
        )
        assert found is not None
        held += found.interval.low <= precision <= found.interval.high
    assert LEAST <= held <= MOST
