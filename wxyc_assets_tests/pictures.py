"""Pictures for the README: `python -m wxyc_assets_tests.pictures`, or `make pictures`.

They show a demo's station: its assets in the Dagster UI, and its report.
"""

import subprocess
import tempfile
from pathlib import Path

import httpx
import stamina
from playwright.sync_api import Browser

from wxyc_assets_tests.e2e.operation.processes import BIN, free_port, run_program, running
from wxyc_assets_tests.support.browser import browser
from wxyc_sandbox.station import WORKSPACE, SandboxStation, run_station

FOLDER = Path(__file__).parents[1] / "docs" / "images"
WIDTH, HEIGHT = 1280, 800
PICTURES = ("assets.png", "report.png")
SCALE = 0.02


def main() -> None:
    """Run a demo in a folder of its own, and take the pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        demo = [BIN / "wxyc-sandbox", "demo", "--scale", f"{SCALE:g}"]
        subprocess.run(demo, cwd=home, check=True)
        with run_station(Path(home), SCALE) as station, browser() as chromium:
            _take_report(chromium, station, Path(home) / "coverage.html")
            _take_assets(chromium, station)


def _take_report(chromium: Browser, station: SandboxStation, page: Path) -> None:
    done = run_program(
        "wxyc-assets", "report", "-o", str(page), env=station.environment, cwd=page.parent
    )
    assert done.returncode == 0, done.stderr
    _take(chromium, page.as_uri(), FOLDER / "report.png", "text=Checks")


def _take_assets(chromium: Browser, station: SandboxStation) -> None:
    port = str(free_port())
    server = ["dagster-webserver", "-w", str(WORKSPACE), "-h", "127.0.0.1", "-p", port]
    log = station.home / "webserver.log"
    with running(server, env=station.environment, cwd=station.home, log=log):
        for attempt in stamina.retry_context(on=httpx.HTTPError, attempts=None, timeout=120):
            with attempt:
                httpx.get(f"http://127.0.0.1:{port}/server_info").raise_for_status()
        graph = f"http://127.0.0.1:{port}/locations/wxyc_assets/asset-groups/library/lineage"
        _take(chromium, graph, FOLDER / "assets.png", "text=library_identity")


def _take(chromium: Browser, url: str, picture: Path, when_there: str) -> None:
    page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(url)
    page.wait_for_selector(when_there, timeout=120_000)
    page.wait_for_load_state("networkidle")
    if (skip := page.get_by_role("button", name="Skip", exact=True)).is_visible():
        skip.click()  # Dagster greets every new browser
        skip.wait_for(state="hidden")
    page.screenshot(path=picture)
    page.close()


if __name__ == "__main__":
    main()
