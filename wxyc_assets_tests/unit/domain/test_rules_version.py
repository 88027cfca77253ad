"""The rules' decisions on a fixed set of answers, by their version."""

from hashlib import sha256
from itertools import product

from wxyc_assets.domain.artwork import (
    RULES_VERSION,
    Album,
    Choice,
    Cover,
    Found,
    Match,
    Picture,
    Result,
    Rules,
    choose,
)

DECISIONS = {1: "664ad3d700212140"}
"""A digest of the decisions by the version of the rules. A change to what they decide raises
`RULES_VERSION` and adds an entry; the older ones stay for whoever reads stored decisions."""

ASKED = Album(1, "Cat Power", "Moon Pix", 50_001)
SEARCHES = ("direct", "fallback")
OWN_IDS = ((50_001,), (50_001, 7), (50_001, 50_001), (7,), ())
RELEASES = (242, 0, -1)
CONFIDENCES = (1.0, 0.8, 0.7999999, 0.79, None)
NAMES = (
    ("Cat Power", "Moon Pix"),
    ("CAT  POWER (2)", "Moon Pix (Deluxe Edition)"),
    ("Smog", "Moon Pix"),
    ("Cat Power", "Knock Knock"),
    (None, "Moon Pix"),
)
URLS = (
    "https://i.discogs.com/a.jpeg",
    "http://i.discogs.com/a.jpeg",
    "https://user@i.discogs.com/a.jpeg",
    "https://i.discogs.com/spacer.gif",
    "https://img.discogs.com/s3/discogs-images/A-1.jpeg",
    "https://i.discogs.com/czM6Ly9kaXNjb2dzLWRhdGFiYXNlLWltYWdlcy9MLTEuanBlZw.jpeg",
    f"https://i.discogs.com/{'x' * 520}",
    None,
)


def told(choice: Choice) -> str:
    decided = choice.url if isinstance(choice, Cover) else choice.reason
    return f"{decided} {choice.confidence}\n"


def decisions() -> str:
    """Return the digest of every decision about these answers."""
    digest = sha256()
    rules = (Rules(), Rules(match=Match.FIRST))
    answers = product(SEARCHES, OWN_IDS, RELEASES, CONFIDENCES, NAMES, URLS, (False, True), rules)
    for search, ids, release_id, confidence, (artist, title), url, is_incomplete, rule in answers:
        picture = Picture(artist, title, release_id, url, confidence)
        found = Found(tuple(Result(each, picture) for each in ids), search, is_incomplete)
        digest.update(told(choose(found, ASKED, rule)).encode())
    return digest.hexdigest()[:16]


def test_rules_that_decide_otherwise_have_another_version() -> None:
    assert decisions() == DECISIONS[RULES_VERSION]
