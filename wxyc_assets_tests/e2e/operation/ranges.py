"""The ranges of the small station: fewer than in production, as each has its events."""

from wxyc_assets.domain.ranges import tile

WIDTH, CEILING = 100, 800
RANGES = [*tile(CEILING, WIDTH)]
FIRST, SECOND, THIRD, FOURTH, FIFTH, *_ = RANGES
