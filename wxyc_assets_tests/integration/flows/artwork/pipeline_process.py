"""A process of its own that covers every range: `python -m ... DATABASE_URL LML_URL`."""

import asyncio
import sys

from wxyc_assets.adapters.postgres.database import open_database
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.support.covers import ArtworkRun

RANGES = tuple(IdRange(first, first + 49) for first in range(1, 400, 50))


async def cover(database_url: str, lml_url: str) -> None:
    async with open_database(
        database_url, schema="wxyc_schema", assets_schema="wxyc_assets", max_connections=8
    ) as database:
        await ArtworkRun(database, url=lml_url, ranges=RANGES, interval=3600).run()


if __name__ == "__main__":
    asyncio.run(cover(*sys.argv[1:]))
