"""Image URLs as Discogs and streaming services issue them."""

from base64 import urlsafe_b64encode
from typing import Literal

from wxyc_sandbox.lml.seeded_random import SeededRandom

SPACER = "https://s.discogs.com/images/spacer.gif"
SEGMENT = 16
"""Discogs splits the base64 of an image's address into segments of this length."""


def discogs_image(random: SeededRandom, kind: Literal["R", "A", "L"], number: int) -> str:
    """Return the URL of a release's cover (R), an artist's photo (A) or a label's logo (L)."""
    taken = 1_200_000_000 + random.below(500_000_000)
    address = f"s3://discogs-database-images/{kind}-{number}-{taken}-{random.below(9000)}.jpeg"
    encoded = urlsafe_b64encode(address.encode()).decode().rstrip("=")
    if random.happens(800):
        encoded = "/".join(encoded[at : at + SEGMENT] for at in range(0, len(encoded), SEGMENT))
    signature = random.hexadecimal(16)
    return f"https://i.discogs.com/{signature}/rs:fit/g:sm/q:90/h:600/w:600/{encoded}.jpeg"


def streaming_cover(random: SeededRandom) -> str:
    """Return the URL of a cover that only a streaming service has."""
    return f"https://i.scdn.co/image/ab67616d0000b273{random.hexadecimal(16)}"
