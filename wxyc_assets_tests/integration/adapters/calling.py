"""A process of its own that calls LML within the shared budget: `python -m ... <JSON>`.

Prints a line when it is ready, begins when it reads one, and prints how many calls it made.
"""

import asyncio
import json
import os
import sys
from typing import Any

from wxyc_assets.adapters.budget.postgres_backend import PostgresBudget
from wxyc_assets.adapters.budget.shared_budget import open_budget
from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.postgres import database


async def call(
    *,
    database_url: str,
    lml_url: str,
    in_flight: int,
    per_minute: float,
    at_once: int,
    seconds: float,
    refresh: int,
) -> int:
    calls = 0
    async with (
        database.open_database(
            database_url, schema="wxyc_schema", assets_schema="wxyc_assets", max_connections=2
        ) as opened,
        opened.session() as session,
        open_budget(
            PostgresBudget(session), max_in_flight=in_flight, per_minute=per_minute
        ) as budget,
        lml.open_lml(lml_url, api_key=None, budget=budget, timeout_seconds=600) as client,
    ):

        async def keep_calling(number: int) -> None:
            nonlocal calls
            while True:
                if refresh:
                    first = 10_000 * os.getpid() + 100 * calls + refresh * number
                    await client.refresh(range(first, first + refresh))
                else:
                    await client.lookup(f"Artist {number}", f"Album {calls}")
                calls += 1

        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for number in range(at_once):
                    group.create_task(keep_calling(number))
        except TimeoutError:
            pass
    return calls


if __name__ == "__main__":
    wanted: dict[str, Any] = json.loads(sys.argv[1])
    sys.stdout.write(str(asyncio.run(call(**wanted))))
