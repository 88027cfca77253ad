"""A library about which the pretend LML was asked, mistakes and changed minds included."""

from wxyc_assets.domain.artwork import CoverScope
from wxyc_assets.domain.ranges import tile
from wxyc_assets.flows.identity.pipeline import PageSizes
from wxyc_assets.migrations.run import migrate
from wxyc_assets_tests.integration.flows.station import WIDE, IdentityHarness, opening
from wxyc_assets_tests.support.covers import ArtworkRun
from wxyc_sandbox.credits import Credit, credits
from wxyc_sandbox.library import SandboxLibrary, seed_library
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.settings import LmlSettings

LARGE_PAGES = PageSizes(batch_size=500, va_batch_size=100)
LATER = "update library_identity set last_verified_at = last_verified_at - interval '10 days'"


def one_credit(library_id: int, seed: int) -> tuple[Credit, ...]:
    """Return the first credit of a compilation: credits are not judged."""
    return credits(library_id, seed)[:1]


async def make_judged_library(url: str, library: SandboxLibrary, generations: int) -> None:
    """Seed the library, ask LML about it in each of its generations, and look up covers."""
    seed_library(url, "wxyc_schema", library)
    migrate(url, assets_schema="wxyc_assets", backend_schema="wxyc_schema")
    settings = LmlSettings(
        seed=library.seed, mistakes=library.mistakes, base_latency_seconds=0, row_latency_seconds=0,
        lookup_latency_seconds=0, discogs_per_worker_per_minute=0,
    )  # fmt: skip
    lml = PretendLml(settings, library.catalogue(), one_credit)
    ranges = list(tile(round(80_000 * library.scale), 2_500))
    harness = IdentityHarness(url, lml)
    with harness.backend_db as backend_db:
        for generation in range(generations):
            lml.configure(generation=generation)
            await harness.run(WIDE, ranges=ranges, sizes=LARGE_PAGES)
            backend_db.execute(LATER)
    async with opening(url) as database:
        await ArtworkRun(database, lml, CoverScope(), ranges, max_in_flight=8).run()
