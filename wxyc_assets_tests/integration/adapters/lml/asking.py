"""A process of its own that asks LML once: `python -m ... URL`.

Prints the error, and by how many MiB its memory grew meanwhile.
"""

import asyncio
import json
import resource
import sys

from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.domain.candidates import Candidate, Cohort
from wxyc_assets_tests.support.unlimited_budget import UnlimitedBudget


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def ask(url: str) -> str:
    async with lml.open_lml(
        url, api_key=None, budget=UnlimitedBudget(), timeout_seconds=60, lookup_seconds=60
    ) as client:
        try:
            await client.resolve([Candidate(1, "Juana Molina", "DOGA", 11, Cohort.NON_VA)])
        except LmlError as error:
            return f"{type(error).__name__}: {error}"
    return "answered"


if __name__ == "__main__":
    before = peak_mib()
    outcome = asyncio.run(ask(sys.argv[1]))
    sys.stdout.write(json.dumps({"outcome": outcome, "grown_mib": peak_mib() - before}))
