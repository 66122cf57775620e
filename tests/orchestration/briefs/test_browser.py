"""The page in a real browser: nothing is asked of the network, it fits, it has a dark side, and it prints.

Skipped where no Chromium is installed.
"""

from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from playwright.sync_api import Browser, sync_playwright

from orchestration.briefs import write_brief
from orchestration.briefs.pdf import NoPdf, find_browser, print_pdf
from tests.orchestration.briefs.conftest import COURSE

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="module")
def program() -> str:
    try:
        return find_browser()
    except NoPdf:
        pytest.skip("no Chromium is installed")


@pytest.fixture(scope="module")
def html(marts: Client) -> str:
    return write_brief(marts, COURSE).html


@pytest.fixture(scope="module")
def browser(program: str):
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield started
        started.close()


def test_a_browser_asks_for_nothing_runs_nothing_and_scrolls_in_one_direction(
    browser: Browser, html: str, tmp_path: Path
):
    file = tmp_path / "brief.html"
    file.write_text(html, encoding="utf-8")
    grounds = set()
    for scheme, width in (("light", 1366), ("dark", 1366), ("light", 820)):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("dialog", lambda dialog, said=said: said.append(dialog.message))
        page.goto(file.as_uri())
        assert asked == [file.as_uri()]
        assert said == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("section.question figure svg").count() >= 5
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.close()
    assert len(grounds) == 2, "light and dark have grounds of their own"


def test_it_is_printed_as_pdf(program: str, html: str, tmp_path: Path):
    target = tmp_path / "brief.pdf"
    print_pdf(html, target)
    content = target.read_bytes()
    assert content.startswith(b"%PDF-")
    assert 2 <= content.count(b"/Type /Page\n") <= 8


def test_without_a_browser_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("orchestration.briefs.pdf.APPLICATIONS", ())
    with pytest.raises(NoPdf, match=r"apt-get install chromium.*--out FILE\.html"):
        print_pdf("<p>x", tmp_path / "x.pdf")
