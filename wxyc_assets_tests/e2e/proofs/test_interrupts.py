"""A run interrupted by Ctrl-C or by Dagster's Terminate shuts down cleanly and logs it."""

import os
import signal

import pytest

from wxyc_assets_tests.e2e.proofs.conftest import CheckedStarter

IN_A_STEP = ("finding candidates", "asking", "storing answers", "writing credits")
SIGNS_OF_AN_UNCLEAN_SHUTDOWN = (
    "never retrieved",
    "was destroyed but it is pending",
    "never awaited",
    "athrow()",
    "aclose()",
    "unhandled errors in a TaskGroup",
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("point", IN_A_STEP)
def test_an_interrupted_run_can_be_run_again(
    checked_starter: CheckedStarter, number: signal.Signals, point: str
) -> None:
    starter, check = checked_starter
    child = starter.whole_library()
    with check.observer.pause_at(child, point, after=0) as paused:
        assert paused
        os.kill(child.pid, number)
    assert child.finish() != 0
    output = child.log.read_text()
    assert '"event": "step interrupted"' in output
    assert [words for words in SIGNS_OF_AN_UNCLEAN_SHUTDOWN if words in output] == []
    check.verify()
    assert starter.whole_library().finish() == 0
    check.verify_final_state()
