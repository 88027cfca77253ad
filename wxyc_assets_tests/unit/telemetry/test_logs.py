import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from wxyc_assets.telemetry import logs
from wxyc_assets.telemetry.redaction import Redaction

NAMES = {"tool": "library_identity", "step": "library_identities", "run_id": "run-1"}


@pytest.fixture(autouse=True)
def started() -> Iterator[None]:
    logs.start(Redaction(["sesame-of-lml"]))
    yield
    structlog.reset_defaults()
    logging.getLogger("httpx").setLevel(logging.NOTSET)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    out, err = capsys.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def test_a_line_is_json_on_stderr_and_says_what_is_worked_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with logs.about(**NAMES, id_range="0000001-0002500"):
        logs.logger().info("step ended", seconds=1.5)
    (line,) = lines(capsys)
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "step ended",
        "level": "info",
        "repo": "wxyc-assets",
        "seconds": 1.5,
        "id_range": "0000001-0002500",
        **NAMES,
    }


def test_what_has_no_range_names_none(capsys: pytest.CaptureFixture[str]) -> None:
    with logs.about(**NAMES, id_range=None):
        logs.logger().warning("odd")
    assert "id_range" not in lines(capsys)[0]


def test_names_end_with_their_block(capsys: pytest.CaptureFixture[str]) -> None:
    with logs.about(**NAMES):
        pass
    logs.logger().info("later")
    assert not NAMES.keys() & lines(capsys)[0].keys()


async def test_tasks_beside_each_other_keep_their_own_range(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def work(key: str) -> None:
        with logs.about(id_range=key):
            await asyncio.sleep(0)
            logs.logger().info("here", expected=key)

    with logs.about(**NAMES):
        await asyncio.gather(*(work(key) for key in ("a", "b", "c")))
    said = lines(capsys)
    assert [each["id_range"] for each in said] == [each["expected"] for each in said]
    assert {each["run_id"] for each in said} == {"run-1"}


def test_no_secret_is_logged_not_even_by_an_exception(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise RuntimeError("the key is sesame-of-lml")
    except RuntimeError:
        logs.logger().exception("failed", url="http://a:hush@db")
    (line,) = lines(capsys)
    assert "[hidden]" in line["exception"]
    assert line["url"] == "http://[hidden]@db"
    assert "sesame" not in json.dumps(line)


def test_httpx_does_not_log_addresses() -> None:
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
