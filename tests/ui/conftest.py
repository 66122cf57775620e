"""Dagster's UI and our pages in a real browser, over a small programme: minutes, and only with -m ui.

Screenshots of what the tests saw lie in `screenshots` of the home.
"""

import json
import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.conftest import CommandLine, wait_for

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WIDTH, HEIGHT = 1440, 900
SETTLE_MS = 1500
ANSWER_MS = 120_000
RUN_SECONDS = 400
RUBBISH = b"this is\nno statement\nat all\n" * 20


@dataclass(frozen=True)
class Site:
    """A home whose `warehouse up` runs, with one file that the gate holds."""

    command: CommandLine
    url: str
    screenshots: Path

    def ask(self, query: str) -> dict:
        """What Dagster's GraphQL says."""
        request = urllib.request.Request(
            f"{self.url}/graphql",
            data=json.dumps({"query": query}).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            said = json.load(answer)
        assert "errors" not in said, said
        return said["data"]

    def runs(self) -> dict[str, dict]:
        """Runs by id, the newest first."""
        said = self.ask(
            "{ runsOrError(limit: 20) { ... on Runs { results { runId jobName status tags { key value } } } } }"
        )
        return {run["runId"]: run for run in said["runsOrError"]["results"]}

    def finished(self, is_wanted: Callable[[dict], bool], seconds: float = RUN_SECONDS) -> dict:
        """The run that is wanted, once it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for run in self.runs().values():
                if is_wanted(run) and run["status"] in ("SUCCESS", "FAILURE", "CANCELED"):
                    return run
            time.sleep(2)
        raise AssertionError(f"no such run has ended: {list(self.runs().values())[:5]}")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Site]:
    """`warehouse up` on a home of its own, or on the one that WAREHOUSE_UI_TEST_HOME names, which has marts.

    An `up` that runs on that home is used, and left running.
    """
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is not installed (Debian: apt-get install chromium)")
    given = os.environ.get("WAREHOUSE_UI_TEST_HOME")
    home = Path(given) if given else tmp_path_factory.mktemp("ui") / "home"
    command = CommandLine(home)
    if not given:
        folder, _ = request.getfixturevalue("simulation")
        with command.services():
            command.here("put", str(folder))
        command("run")
    shots = home / "screenshots"
    shots.mkdir(exist_ok=True)
    address = home / "up.url"
    process = None if address.exists() else command.start("up")
    try:
        if process:
            wait_for(address.exists, 240, process)
        yield Site(command, address.read_text().strip(), shots)
    finally:
        if process:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, out + err


@pytest.fixture(scope="session")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, object]:
    """A folder of drops of a small programme, and what is true of them."""
    from orchestration.simulate.simulator import simulate

    folder = tmp_path_factory.mktemp("simulation")
    return folder, simulate(folder, 250, 28, 1)


@pytest.fixture(scope="session")
def held(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The run of the sensor that loaded a file the gate holds; the file of an earlier test run will do."""
    if not site.command.status()["held"]:
        file = tmp_path_factory.mktemp("rubbish") / "rubbish.ndjson"
        file.write_bytes(RUBBISH)
        site.command.here("put", str(file), "--source", "careless")
    return site.finished(lambda run: any("/careless/" in tag["value"] for tag in run["tags"]))


@dataclass
class Visit:
    """A page of the browser."""

    site: Site
    page: object

    def open(self, path: str) -> None:
        self.page.goto(f"{self.site.url}{path}")

    def see(self, text: str, exact: bool = False):
        """Wait until this text is shown; its first place."""
        place = self.page.get_by_text(text, exact=exact).first
        place.wait_for(timeout=ANSWER_MS)
        return place

    def save(self, name: str) -> None:
        self.page.wait_for_timeout(SETTLE_MS)
        self.page.screenshot(path=str(self.site.screenshots / f"{name}.png"))


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def visit(site: Site, browser) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    page = context.new_page()
    page.set_default_timeout(ANSWER_MS)
    yield Visit(site, page)
    context.close()
