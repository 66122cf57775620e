"""The start page in a real browser: it loads from its own address alone, fits, and has a dark side.

Skipped where no Chromium is installed. What stands beside it in Dagster's UI is seen in tests/ui.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import sync_playwright
from starlette.responses import PlainTextResponse

from orchestration.briefs.pdf import NoPdf, find_browser
from orchestration.commands.ports import free_ports
from orchestration.pages.application import Pages

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture
def address(empty_home: Path) -> Iterator[str]:
    """The pages of a home without services, served."""
    [port] = free_ports(1)
    config = uvicorn.Config(Pages(PlainTextResponse("Dagster"), empty_home), port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/warehouse/"
    server.should_exit = True
    thread.join()


def test_the_start_page_fits_and_asks_only_its_own_address(address: str) -> None:
    try:
        program = find_browser()
    except NoPdf:
        pytest.skip("no Chromium is installed")
    grounds = set()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for scheme, width in (("light", 1366), ("dark", 820)):
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            asked: list[str] = []
            said: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("console", lambda message, said=said: said.append(message.text))
            page.goto(address)
            assert page.locator("h1").inner_text() == "Learning-analytics warehouse"
            assert "1 thing needs a person." in page.locator("header").inner_text()
            assert {url for url in asked if not url.startswith("data:")} == {address}
            assert said == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        browser.close()
    assert len(grounds) == 2
