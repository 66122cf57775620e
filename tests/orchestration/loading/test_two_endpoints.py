"""Two engines over one lake: each has a ledger of its own, loads all, and takes nothing from the other."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.embedded.services import running_services
from orchestration.loading import load_pending, prepare_warehouse
from orchestration.resources.warehouse import connect
from orchestration.settings import Settings, load_settings

LINES = "select object_key, line_number, cityHash64(line) from raw.event_lines order by all"


@pytest.fixture(scope="module")
def other_settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A second engine, which reads the first one's lake."""
    with running_services(tmp_path_factory.mktemp("other")) as services:
        yield replace(load_settings({"WAREHOUSE_HOME": str(services.home)}), lake=settings.lake)


@pytest.fixture(scope="module")
def other(other_settings: Settings) -> Iterator[Client]:
    client = connect(other_settings)
    prepare_warehouse(client, other_settings)
    yield client
    client.close()


def test_both_load_everything_at_the_same_time(
    warehouse, other, lake, settings, other_settings, put, statement, passing_judge
) -> None:
    for number in range(8):
        put(f"events/web/{number}.ndjson.gz", [statement(1000 * number + line) for line in range(500)])
    reports = {}

    def load(name: str, client: Client, own: Settings) -> None:
        reports[name] = load_pending(client, lake, own)

    both = [
        threading.Thread(target=load, args=("one", warehouse, settings)),
        threading.Thread(target=load, args=("two", other, other_settings)),
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert {name: (report.object_count, report.line_count) for name, report in reports.items()} == {
        "one": (8, 4000),
        "two": (8, 4000),
    }
    assert warehouse.query(LINES).result_rows == other.query(LINES).result_rows


def test_what_one_has_loaded_is_still_due_at_the_other(
    warehouse, other, lake, settings, other_settings, put, statement, passing_judge
) -> None:
    put("events/web/late.ndjson", [statement(9001)])
    assert load_pending(warehouse, lake, settings).object_count == 1
    assert load_pending(other, lake, other_settings).object_count == 1
    assert load_pending(warehouse, lake, settings).object_count == 0
    assert warehouse.query(LINES).result_rows == other.query(LINES).result_rows
