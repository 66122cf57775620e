"""The pages beside Dagster's UI: what is served, and what is not."""

from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from orchestration.pages import dbt_docs
from orchestration.pages.application import Pages


@pytest.fixture
def browser(empty_home: Path) -> TestClient:
    """A client of the pages of a home without services."""
    for folder, page in (("data_docs", "index.html"), ("briefs", "2026-W01.html")):
        (empty_home / folder).mkdir()
        (empty_home / folder / page).write_text(f"<p>{folder}</p>")
    (empty_home / "services.json").write_text('{"clickhouse": {}}')
    return TestClient(Pages(PlainTextResponse("Dagster"), empty_home))


@pytest.mark.parametrize("path", ["/", "/runs", "/warehouses", "/warehouse-x"])
def test_everything_else_is_dagsters(browser: TestClient, path: str) -> None:
    assert browser.get(path).text == "Dagster"


@pytest.mark.parametrize(
    ("path", "text"), [("/warehouse/data-docs/", "data_docs"), ("/warehouse/briefs/2026-W01.html", "briefs")]
)
def test_folders_of_the_home_are_served(browser: TestClient, path: str, text: str) -> None:
    answer = browser.get(path)
    assert text in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/warehouse/data-docs/../services.json",
        "/warehouse/data-docs/%2e%2e/services.json",
        "/warehouse/data-docs/..%2fservices.json",
        "/warehouse/services.json",
        "/warehouse/churn/nothing.html",
        "/warehouse/dbt/..%2fservices.json",
        "/warehouse/dbt/log",
    ],
)
def test_nothing_else_of_the_home_is_served(browser: TestClient, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_the_start_page_says_that_no_service_runs(browser: TestClient, empty_home: Path) -> None:
    (empty_home / "services.json").unlink()
    page = browser.get("/warehouse").text
    assert "1 thing needs a person." in page
    assert "No local services are recorded" in page
    assert "/warehouse/briefs/2026-W01.html" in page
    assert page.count("Not there yet") == 2  # dashboards and the churn model


class Dbt:
    """A dbt that ends at once, and makes what it is told."""

    def __init__(self, command: list, **options) -> None:
        folder = command[command.index("--target-path") + 1]
        for name in self.made:
            (folder / name).write_text(name)
        options["stdout"].write(b"dbt said so")
        self.returncode = self.code

    def poll(self) -> int:
        return self.returncode

    made: tuple[str, ...] = ("index.html", "catalog.json")
    code = 0


def test_dbts_documentation_is_made_when_it_is_asked_for(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dbt_docs, "manifest_path", lambda: tmp_path / "services.json")
    monkeypatch.setattr(dbt_docs.subprocess, "Popen", type("Busy", (Dbt,), {"made": (), "poll": lambda _: None}))
    assert "It is being made" in browser.get("/warehouse/dbt/").text
    monkeypatch.setattr(dbt_docs.subprocess, "Popen", Dbt)
    other = TestClient(Pages(PlainTextResponse("Dagster"), tmp_path))
    assert other.get("/warehouse/dbt/").text == "index.html"
    assert other.get("/warehouse/dbt/manifest.json").text == '{"clickhouse": {}}'


def test_a_dbt_that_fails_is_quoted(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt_docs.subprocess, "Popen", type("Broken", (Dbt,), {"made": (), "code": 2}))
    browser.get("/warehouse/dbt/")
    answer = browser.get("/warehouse/dbt/")
    assert answer.status_code == 503
    assert "dbt said so" in answer.text
