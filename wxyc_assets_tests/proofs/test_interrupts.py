"""A run that is told to end, by Ctrl-C or by Dagster's Terminate, ends in order and says so."""

import os
import signal
from datetime import datetime

import pytest

from wxyc_assets_tests.proofs.conftest import Untroubled, Worlds
from wxyc_assets_tests.proofs.inquest import hold_inquest
from wxyc_assets_tests.proofs.small_world import UNHURRIED, served

IN_A_STEP = ("finding candidates", "asking", "storing answers", "writing credits")
LEFT_IN_DISORDER = (
    "never retrieved",
    "was destroyed but it is pending",
    "never awaited",
    "athrow()",
    "aclose()",
    "unhandled errors in a TaskGroup",
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", IN_A_STEP)
def test_told_to_end_and_run_again(
    worlds: Worlds,
    untroubled: Untroubled,
    world_began: datetime,
    number: signal.Signals,
    moment: str,
) -> None:
    with (
        served(UNHURRIED) as lml,
        worlds.fresh(lml) as starter,
        hold_inquest(starter, lml, untroubled.first, world_began) as inquest,
    ):
        child = starter.whole_library()
        with inquest.watch.catch(child, moment, after=0) as caught:
            assert caught
            os.kill(child.pid, number)
        assert child.finish() != 0
        said = child.log.read_text()
        assert '"event": "step interrupted"' in said
        assert [words for words in LEFT_IN_DISORDER if words in said] == []
        inquest.look()
        assert starter.whole_library().finish() == 0
        inquest.look_at_the_end()
