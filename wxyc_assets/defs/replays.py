"""The job that decides on covers again from the stored answers, without asking LML."""

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.defs.dry_runs import print_json, ranges_of_run
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.library_artwork import ArtworkConfig
from wxyc_assets.defs.partitions import known_ranges, library_ranges
from wxyc_assets.defs.resources import DatabaseResource
from wxyc_assets.defs.run_checks import LIMITS
from wxyc_assets.domain.run_checks import WrittenCount, judge_written
from wxyc_assets.flows.artwork.replay import (
    Replay,
    ReplayOptions,
    TooManyLosses,
    replay_covers,
)
from wxyc_assets.flows.heartbeat import Watch, telling
from wxyc_assets.settings import Share, settings
from wxyc_assets.views import replay_sheet


class ReplayConfig(ArtworkConfig):
    """The rules to decide by, and whether the decisions are written."""

    ranges: list[str] = Field(
        default=[], description="Range keys such as 0000001-0002500; none: the whole library."
    )
    apply: bool = Field(default=False, description="Write what is decided; else only show it.")
    max_drop: Share = Field(
        default=settings.gate_max_drop,
        description="Share of our covers that the rules may take away; beyond it nothing is "
        "written.",
    )

    def options(self, run_id: str, watch: Watch) -> ReplayOptions:
        """Return the options as the flow takes them; with DRY_RUN set nothing is applied."""
        applies = self.apply and not settings.dry_run
        return ReplayOptions(
            run_id=run_id,
            scope=self.scope(),
            applies=applies,
            max_drop=self.max_drop,
            watch=watch,
        )


async def run_replay(
    opened: Database, config: ReplayConfig, keys: list[str], run_id: str, watch: Watch
) -> tuple[Replay, WrittenCount | None]:
    """Replay, watched, and apply if the config says so; raises dg.Failure, as if not written."""
    ranges = known_ranges(keys or library_ranges.get_partition_keys())
    try:
        return await replay_covers(opened, ranges, config.options(run_id, watch))
    except TooManyLosses as refused:
        raise dg.Failure(
            f"{refused} Allow more for this once with a higher max_drop.", allow_retries=False
        ) from None


def fail_unless_written(count: WrittenCount | None) -> None:
    """Raise dg.Failure if covers that were decided on are not in the library."""
    if count is not None:
        verdict = judge_written(count, LIMITS, what="covers")
        if not verdict.passed:
            raise dg.Failure(verdict.description, allow_retries=False)


@dg.op
async def decide_on_covers_again(
    context: dg.OpExecutionContext, config: ReplayConfig, database: DatabaseResource
) -> None:
    """Decide again from the stored answers, show the difference, and apply it if that is wanted."""
    with instrumented(context, "replay_covers") as totals:
        keys = config.ranges or ranges_of_run(context)
        async with database.open() as opened:
            replay, count = await run_replay(
                opened, config, keys, context.run.run_id, telling(context.log.info)
            )
        figures = replay_sheet.as_json(replay.totals)
        sheet = replay_sheet.markdown(replay.samples, settings.cover_proxy_url)
        totals.add({f"replay.{name}": n for name, n in figures.items() if isinstance(n, int)})
        print_json(figures)
        context.add_output_metadata(
            {
                "effects": dg.MetadataValue.json(figures),
                "contact_sheet": dg.MetadataValue.md(sheet),
                "is_applied": count is not None,
            }
        )
        fail_unless_written(count)


@dg.job(
    name="replay_covers",
    description="Decides on covers again from LML's stored answers, by other rules; shows what "
    "would be gained, lost and changed, and writes it with `apply`. LML is not asked.",
)
def replay_covers_job() -> None:
    decide_on_covers_again()
