"""Addresses of pictures as Discogs and others hand them out."""

from base64 import urlsafe_b64encode
from typing import Literal

from wxyc_sandbox.lml.chance import Chance

SPACER = "https://s.discogs.com/images/spacer.gif"
SEGMENT = 16
"""Discogs cuts the base64 of an image's address into pieces of this length."""


def discogs_image(chance: Chance, kind: Literal["R", "A", "L"], number: int) -> str:
    """A release's cover (R), a photo of the artist (A) or a label's logo (L)."""
    taken = 1_200_000_000 + chance.below(500_000_000)
    address = f"s3://discogs-database-images/{kind}-{number}-{taken}-{chance.below(9000)}.jpeg"
    encoded = urlsafe_b64encode(address.encode()).decode().rstrip("=")
    if chance.happens(800):
        encoded = "/".join(encoded[at : at + SEGMENT] for at in range(0, len(encoded), SEGMENT))
    signature = chance.hexadecimal(16)
    return f"https://i.discogs.com/{signature}/rs:fit/g:sm/q:90/h:600/w:600/{encoded}.jpeg"


def streaming_cover(chance: Chance) -> str:
    return f"https://i.scdn.co/image/ab67616d0000b273{chance.hexadecimal(16)}"
