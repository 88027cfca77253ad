"""All that the checks judge by, and how a result is shown in a stage of a rollout."""

from dataclasses import dataclass

from wxyc_assets.domain.coverage import Snapshot
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.history import History
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets.domain.gates.stage import WHOLE, Stage, restricted


@dataclass(frozen=True, slots=True)
class Case:
    """A snapshot, with what it is compared with."""

    now: Snapshot
    history: History
    floors: Floors
    ceiling: int
    """The last id of the last range."""
    stage: Stage = WHOLE

    @property
    def asked(self) -> Snapshot:
        """The snapshot of the ranges whose identities are judged."""
        return restricted(self.now, self.stage.identity)

    @property
    def looked_up(self) -> Snapshot:
        """The snapshot of the ranges whose covers are judged."""
        return restricted(self.now, self.stage.artwork)

    @property
    def baselines(self) -> tuple[Snapshot, ...]:
        """Accepted snapshots of the same scope."""
        return self.history.comparable(self.now)


def only_shown(result: GateResult) -> GateResult:
    """Return a result that passes whatever it shows."""
    return GateResult(
        result.name,
        True,
        f"Only shown, as the backfill did not ask for it: {result.description}",
        result.number,
        result.floor,
        numbers=result.numbers,
    )
