"""The pages of the gate: complete, bounded, without a value, and without a request to anybody."""

import json
import os
import re
import shutil
import stat
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from orchestration.expectations import data_docs
from orchestration.expectations.data_docs import DataDocs, docs_address, served_address
from orchestration.expectations.docs_store import ENTRIES, open_store
from orchestration.expectations.faults import UnmetExpectation
from orchestration.expectations.verdict import LoadVerdict
from orchestration.settings import Settings
from tests.conftest import s3_client

BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
SECRET = "mailto:ada@example.org"
PAGES = {"index.html", "loads/load-1.html"}
KEY = "events/web/<script>document.title='broken'</script> & $value.ndjson"


def expectation(success: bool, **result: object) -> ExpectationValidationResult:
    return ExpectationValidationResult(
        success=success,
        expectation_config=ExpectationConfiguration(
            type="expect_column_pair_values_a_to_be_greater_than_b",
            kwargs={"column_A": "allowed_count", "column_B": "missing_actor_count", "or_equal": True, "batch_id": "b"},
            severity="critical",
        ),
        result=result,
        exception_info={"raised_exception": False, "exception_message": SECRET, "exception_traceback": SECRET},
    )


def verdict_of_suite(held: bool = True) -> LoadVerdict:
    """What a suite of one expectation says of a load; values stand wherever Great Expectations may put some."""
    values = {name: [SECRET] for name in ("partial_unexpected_list", "unexpected_list", "partial_unexpected_counts")}
    result = ExpectationSuiteValidationResult(
        success=not held,
        results=[
            expectation(
                not held,
                element_count=1,
                unexpected_count=int(held),
                unexpected_percent=100.0 * held,
                unexpected_index_list=[{"object_id": "o1", "missing_actor_count": 7, "actor": SECRET}],
                observed_value=SECRET,
                details={"actor": SECRET},
                **values,
            )
        ],
        suite_name="events_load",
        statistics={
            "evaluated_expectations": 1,
            "successful_expectations": int(not held),
            "unsuccessful_expectations": int(held),
            "success_percent": 100.0 * (not held),
        },
        meta={"batch_spec": {"query": SECRET}, "batch_markers": {"actor": SECRET}},
    )
    fault = UnmetExpectation(
        "expect_x", "missing_actor_count", "lines that do not say who", 7, "at most 2", (1, 4, 9, 12, 13)
    )
    if not held:
        return LoadVerdict(result=result)
    return LoadVerdict(held={"o1": ["no actor"]}, result=result, faults={"o1": [fault]})


@pytest.fixture
def folder(settings, tmp_path: Path):
    """publish(*load_ids) writes pages of held loads, each by a run of its own, into a folder; returns the folder."""

    def publish(*load_ids: str, held: bool = True) -> Path:
        for load_id in load_ids:
            docs = DataDocs(replace(settings, data_docs_url=str(tmp_path)))
            docs.add(load_id, "events", {"o1": KEY}, verdict_of_suite(held))
            assert docs.publish() == f"{tmp_path}/index.html"
        return tmp_path

    return publish


def pages(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.html")}


def test_a_held_load_says_what_failed_and_where_to_look(folder) -> None:
    page = pages(folder("load-1"))["loads/load-1.html"]
    for text in ("lines that do not say who", "at most 2", "1, 4, 9, 12, 13", "missing_actor_count"):
        assert text in page


def test_no_value_is_on_any_page_and_a_key_is_text(folder) -> None:
    home = folder("load-1")
    found_pages = pages(home)
    assert set(found_pages) == PAGES
    for name, page in found_pages.items():
        assert SECRET not in page, name
        assert "<script" not in page, name
    assert "&lt;script&gt;" in found_pages["loads/load-1.html"]
    assert SECRET not in (home / ENTRIES).read_text()


def test_no_page_names_another_host(folder) -> None:
    found_pages = pages(folder("load-1"))
    assert set(found_pages) == PAGES
    for name, page in found_pages.items():
        addresses = re.findall(r"""(?: src=| href=|url\()["']?([^"')\s>]+)""", page)
        assert addresses
        assert all(address.startswith(("#", "data:", "../index.html", "loads/")) for address in addresses), (
            name,
            addresses,
        )
        assert "Content-Security-Policy" in page


def test_the_last_pages_are_kept_and_the_index_lists_them(folder, monkeypatch) -> None:
    monkeypatch.setattr(data_docs, "KEPT_PAGES", 3)
    found_pages = pages(folder(*(f"load-{number}" for number in range(5))))
    assert set(found_pages) == {"index.html", *(f"loads/load-{number}.html" for number in (2, 3, 4))}
    assert re.findall(r"loads/(load-\d)\.html", found_pages["index.html"]) == ["load-4", "load-3", "load-2"]


def test_of_a_long_run_the_held_loads_get_their_pages(settings, tmp_path) -> None:
    docs = DataDocs(replace(settings, data_docs_url=str(tmp_path)))
    for number in range(data_docs.PAGES_PER_RUN + 5):
        docs.add(f"load-{number:02}", "events", {"o1": KEY}, verdict_of_suite(held=number == 0))
    docs.publish()
    written = {path.stem for path in (tmp_path / "loads").iterdir()}
    assert len(written) == data_docs.PAGES_PER_RUN
    assert {"load-00", f"load-{data_docs.PAGES_PER_RUN + 4}"} <= written


def test_without_a_judgement_nothing_is_written(settings, tmp_path) -> None:
    docs = DataDocs(replace(settings, data_docs_url=str(tmp_path / "docs")))
    docs.add("load-1", "events", {"o1": KEY}, LoadVerdict())
    assert docs.publish() == ""
    assert not (tmp_path / "docs").exists()


def test_entries_that_were_cut_short_are_begun_anew(folder) -> None:
    (folder("load-1") / ENTRIES).write_text('[{"load_id": "load-1", ')
    assert set(pages(folder("load-2"))) == {"index.html", "loads/load-2.html"}


def test_pages_in_a_bucket(settings, monkeypatch) -> None:
    monkeypatch.setattr(data_docs, "KEPT_PAGES", 2)
    there = replace(settings, data_docs_url=f"s3://{settings.lake.bucket}/reports/gate/")
    for number in range(3):
        docs = DataDocs(there)
        docs.add(f"load-{number}", "events", {"o1": KEY}, verdict_of_suite())
        assert docs.publish() == docs_address(there) == f"s3://{settings.lake.bucket}/reports/gate/index.html"
    s3 = s3_client(settings)
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=settings.lake.bucket)["Contents"]]
    names = [ENTRIES, "index.html", "loads/load-1.html", "loads/load-2.html"]
    assert keys == [f"reports/gate/{name}" for name in names]
    index = s3.get_object(Bucket=settings.lake.bucket, Key="reports/gate/index.html")
    assert index["ContentType"] == "text/html; charset=utf-8"
    entries = s3.get_object(Bucket=settings.lake.bucket, Key=f"reports/gate/{ENTRIES}")["Body"].read()
    assert [entry["load_id"] for entry in json.loads(entries)] == ["load-2", "load-1"]


@pytest.fixture
def browser():
    """A browser that is on this machine; none is downloaded."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = next((browser for browser in map(shutil.which, BROWSERS) if browser), None)
    if path is None:
        pytest.skip(f"no browser at {', '.join(BROWSERS)}; in Debian: apt-get install chromium")
    with playwright.sync_playwright() as started:
        # Containers do not allow the sandbox's namespaces.
        yield started.chromium.launch(executable_path=path, args=["--no-sandbox"])


def test_the_pages_in_a_real_browser(folder, browser) -> None:
    """From the index to the page of a load and back, and not a request to anybody but the files."""
    folder("load-1", held=False)
    home = folder("load-2")
    page = browser.new_page()
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((home / "index.html").as_uri())
    rows = page.locator("tbody tr")
    assert [row.split("\t")[-1] for row in rows.all_inner_texts()] == ["held", "published"]
    page.get_by_role("link", name="load-2").click()
    assert page.title() == "Load load-2"
    held = page.locator("table", has_text="First lines at fault").inner_text()
    assert KEY in held
    assert "1, 4, 9, 12, 13" in held
    assert page.locator("i.fa-times").first.is_visible()
    assert page.locator("h2").first.bounding_box()["width"] > 300
    page.get_by_role("link", name="All loads").click()
    assert page.title() == "What the gate found"
    assert {url.rpartition("/")[0] for url in requests} == {home.as_uri(), (home / "loads").as_uri()}
    assert complaints == []


@pytest.mark.parametrize(("folder_mode", "page_mode"), [(0o755, 0o644), (0o700, 0o600), (0o777, 0o644)])
def test_pages_are_as_readable_as_their_folder(tmp_path: Path, folder_mode: int, page_mode: int) -> None:
    """The commands write for their owner only; a folder that colleagues read is meant for them."""
    folder = tmp_path / "docs"
    folder.mkdir()
    folder.chmod(folder_mode)
    former = os.umask(0o077)
    try:
        settings = SimpleNamespace(data_docs_url=str(folder))
        with open_store(cast(Settings, settings)) as store:
            store.write({"index.html": "a page"}, [])
    finally:
        os.umask(former)
    assert stat.S_IMODE((folder / "index.html").stat().st_mode) == page_mode
    assert stat.S_IMODE((folder / "loads").stat().st_mode) == folder_mode & 0o755


def test_while_up_runs_a_browser_reads_the_pages_from_it(settings: Settings, tmp_path: Path) -> None:
    home = replace(settings, home=tmp_path, data_docs_url=str(tmp_path / "data_docs"))
    assert served_address(home) == str(tmp_path / "data_docs" / "index.html")
    (tmp_path / "up.url").write_text("http://127.0.0.1:3000\n")
    assert served_address(home) == "http://127.0.0.1:3000/warehouse/data-docs/"
    elsewhere = replace(home, data_docs_url="s3://bucket/gate")
    assert served_address(elsewhere) == "s3://bucket/gate/index.html"
