"""A run that is told to end, by Ctrl-C or by Dagster's Terminate, ends in order and says so."""

import os
import signal

import pytest

from wxyc_assets_tests.e2e.proofs.conftest import CheckedStarter

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
@pytest.mark.parametrize("point", IN_A_STEP)
def test_told_to_end_and_run_again(
    checked_starter: CheckedStarter, number: signal.Signals, point: str
) -> None:
    starter, check = checked_starter
    child = starter.whole_library()
    with check.observer.pause_at(child, point, after=0) as caught:
        assert caught
        os.kill(child.pid, number)
    assert child.finish() != 0
    output = child.log.read_text()
    assert '"event": "step interrupted"' in output
    assert [words for words in LEFT_IN_DISORDER if words in output] == []
    check.verify()
    assert starter.whole_library().finish() == 0
    check.verify_final_state()
