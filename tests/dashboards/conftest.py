"""Superset in a browser, over a small demo: minutes, so that all of it runs only with -m bi."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from orchestration.machine.locks import is_locked
from orchestration.settings import PROJECT_ROOT

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LEARNERS = "400"
WIDTH, HEIGHT, FRAME = 1366, 900, 260
TABLET = (820, 1180)
QUIET_MS, SETTLE_MS, STEP_MS = 3000, 120_000, 400
LIMITED_COURSE = "https://campus.example.org/courses/data-literacy"


@dataclass(frozen=True)
class Bi:
    """Dashboards that run, and who may log in."""

    home: Path
    url: str
    logins: dict[str, str]
    screenshots: Path
    users: Path


def warehouse(home: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess:
    """A `warehouse` command on this home."""
    command = [sys.executable, "-c", "from orchestration.cli import main; main()", *arguments]
    environment = os.environ | {"WAREHOUSE_HOME": str(home), "WAREHOUSE_TARGET": "local"} | extra
    return subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def bi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bi]:
    """The dashboards of a demo of their own, or of the home that WAREHOUSE_BI_TEST_HOME names.

    That home has marts. Dashboards that run there already are used, and left running.
    """
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is not installed (Debian: apt-get install chromium)")
    given = os.environ.get("WAREHOUSE_BI_TEST_HOME")
    home = Path(given) if given else tmp_path_factory.mktemp("bi")
    users = tmp_path_factory.mktemp("users") / "users.csv"
    rows = ["designer,designer,all", "manager,manager,all", "analyst,analyst,all", "admin,admin,all"]
    users.write_text("\n".join(["user,role,courses", *rows, f"limited,designer,{LIMITED_COURSE}"]) + "\n")
    if not given:
        demo = warehouse(home, "demo", "--learners", LEARNERS)
        # So small a programme need not show every planted finding; it has marts when they are compared.
        assert " findings " in demo.stdout, demo.stderr[-2000:]
    is_ours = not is_locked(home / "bi" / "bi.lock")
    if is_ours:
        started = warehouse(home, "bi", "--detach", WAREHOUSE_BI_USERS=str(users))
        assert started.returncode == 0, started.stderr
    try:
        running = json.loads((home / "bi" / "running.json").read_text())
        shots = home / "bi" / "screenshots"
        shots.mkdir(exist_ok=True)
        yield Bi(home, running["url"], json.loads((home / "bi" / "logins.json").read_text()), shots, users)
    finally:
        if is_ours:
            stopped = warehouse(home, "bi", "stop")
            assert stopped.returncode == 0, stopped.stderr


@pytest.fixture(scope="session")
def reader(bi: Bi) -> Iterator[Client]:
    """The marts, asked directly."""
    recorded = json.loads((bi.home / "services.json").read_text())
    user = recorded["bi_reader"]
    port = recorded["clickhouse"]["port"]
    client = clickhouse_connect.get_client(
        host="127.0.0.1", port=port, username=user["user"], password=user["password"], database="marts"
    )
    yield client
    client.close()


@dataclass
class Visit:
    """A user at the dashboards: a page, and everything that it asked for and got."""

    bi: Bi
    page: object
    answers: list[dict] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    size: tuple[int, int] = (WIDTH, HEIGHT)

    def open(self, slug: str) -> None:
        """Open a dashboard without its frame, and wait until every chart has its answer."""
        self.answers.clear()
        self.page.goto(f"{self.bi.url}/superset/dashboard/{slug}/?standalone=1")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing loads and no answer has come for a while."""
        quiet = waited = 0
        count = -1
        while quiet < QUIET_MS and waited < SETTLE_MS:
            self.page.wait_for_timeout(STEP_MS)
            waited += STEP_MS
            is_busy = self.page.locator('[data-test="loading-indicator"], .loading').count() > 0
            quiet = 0 if is_busy or len(self.answers) != count else quiet + STEP_MS
            count = len(self.answers)

    def tabs(self) -> Iterator[str]:
        """Each tab, opened; one step for a dashboard without."""
        tabs = self.page.locator('[role="tab"]')
        for number in range(max(1, tabs.count())):
            if tabs.count():
                tabs.nth(number).click()
                self.settle()
            yield tabs.nth(number).inner_text() if tabs.count() else ""

    def faults(self) -> list[str]:
        """What the page shows as an error."""
        return self.page.locator('.ant-alert-error, [data-test="error-alert"]').all_inner_texts()

    def save(self, name: str) -> None:
        """A screenshot of the whole page: the window grows first, because what is out of sight is not drawn."""
        height = self.page.evaluate("document.querySelector('.dashboard-content')?.scrollHeight || 0")
        width, usual = self.size
        self.page.set_viewport_size({"width": width, "height": max(usual, int(height) + FRAME)})
        self.page.wait_for_timeout(QUIET_MS)
        self.page.screenshot(path=str(self.bi.screenshots / f"{name}.png"))
        self.page.set_viewport_size({"width": width, "height": usual})


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def visit(bi: Bi, browser) -> Iterator[Callable[..., Visit]]:
    """visit("designer") logs in; with theme="dark" in the dark, with size=TABLET on a tablet."""
    contexts = []

    def start(user: str, theme: str = "light", size: tuple[int, int] = (WIDTH, HEIGHT)) -> Visit:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
        contexts.append(context)
        page = context.new_page()
        visit = Visit(bi, page, size=size)
        page.on("response", lambda response: _keep_answer(visit, response))
        page.on("requestfinished", lambda request: _keep_foreign(visit.foreign, visit, request))
        page.on("requestfailed", lambda request: _keep_foreign(visit.blocked, visit, request))
        page.goto(f"{bi.url}/login/")
        page.fill("#username", user)
        page.fill("#password", bi.logins[user])
        page.click('button[type="submit"]')
        page.wait_for_url(lambda url: "/login" not in url)
        return visit

    yield start
    for context in contexts:
        context.close()


def _keep_answer(visit: Visit, response) -> None:
    if "/api/v1/chart/data" not in response.url:
        return
    asked = json.loads(response.request.post_data or "{}")
    said = response.json()
    results = said.get("result") if isinstance(said.get("result"), list) else []
    visit.answers.append(
        {
            "chart": asked.get("form_data", {}).get("slice_id"),
            "filters": [one_filter for query in asked.get("queries", []) for one_filter in query.get("filters", [])],
            "status": response.status,
            "rows": [row for result in results for row in result.get("data", [])],
            "queries": [result.get("query", "") for result in results],
            "message": "" if response.status == 200 else json.dumps(said)[:400],
        }
    )


def _keep_foreign(kept: list[str], visit: Visit, request) -> None:
    if request.url.startswith(("data:", "blob:", "about:")):
        return
    if urlsplit(request.url).netloc != urlsplit(visit.bi.url).netloc:
        kept.append(request.url)
