"""A database, opened as the tests of it want it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wxyc_assets.adapters.postgres.database import Database, open_database


@asynccontextmanager
async def opening(
    url: str, *, schema: str = "wxyc_schema", max_connections: int = 4
) -> AsyncGenerator[Database]:
    async with open_database(
        url, schema=schema, assets_schema="wxyc_assets", max_connections=max_connections
    ) as database:
        yield database
