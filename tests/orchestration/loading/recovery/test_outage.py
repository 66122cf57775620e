"""A lake or an engine that fails is not an object's fault; an object that fails alone is."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from orchestration.loading import LoadError, WarehouseError, load_pending, pending, status
from orchestration.loading.recovery import outage
from orchestration.loading.steps.land import LAND_SETTINGS
from orchestration.resources.lake import S3Lake
from tests.orchestration.loading.faulty_lake import FaultyLake


@pytest.fixture(scope="module")
def door(settings) -> Iterator[FaultyLake]:
    opened = FaultyLake(settings.lake.endpoint_url)
    yield opened
    opened.close()


@pytest.fixture
def load_through(warehouse, settings, door, passing_judge):
    """load_through(rule) loads what is due while the lake misbehaves for ClickHouse (and, if told so, for Python)."""

    def load(rule, for_python: bool = False):
        through = replace(settings, lake=replace(settings.lake, endpoint_url=door.endpoint_url))
        door.rule, door.fault_count = rule, 0
        try:
            return load_pending(warehouse, S3Lake((through if for_python else settings).lake), through)
        finally:
            door.rule = lambda method, key: ""

    return load


@pytest.fixture(autouse=True)
def impatient(monkeypatch) -> None:
    """A silent lake is given up on after half a second, and what failed stays out of the next tests' loads."""
    for place in (LAND_SETTINGS, outage.PROBE_SETTINGS):
        monkeypatch.setitem(place, "s3_request_timeout_ms", 500)
        monkeypatch.setitem(place, "s3_max_single_read_retries", 1)
        monkeypatch.setitem(place, "s3_retry_attempts", 1)
    monkeypatch.setattr("orchestration.loading.ledger.entries.RETRY_AFTER_SECONDS", (10**6,))


@pytest.fixture
def patient(monkeypatch, impatient) -> None:
    """Reads of a lake that answers have time on a busy machine, and a kept connection that was closed is no fault."""
    monkeypatch.setitem(LAND_SETTINGS, "s3_request_timeout_ms", 20_000)
    monkeypatch.setitem(LAND_SETTINGS, "s3_max_single_read_retries", 3)
    monkeypatch.setitem(LAND_SETTINGS, "s3_retry_attempts", 3)


def recorded_failures(warehouse) -> int:
    return warehouse.query("select count() from ops.object_failures").result_rows[0][0]


@pytest.mark.parametrize("fault", ["500", "503", "403", "reset", "slow"])
def test_a_lake_that_fails_for_everything_stops_the_load_and_blames_no_object(
    warehouse, lake, put, load_through, statement, fault
) -> None:
    for number in range(12):
        put(f"events/web/{number}.ndjson", [statement(number)])
    before = recorded_failures(warehouse)
    with pytest.raises(LoadError, match="could not read the lake"):
        load_through(lambda method, key: fault if key.endswith(".ndjson") else "")
    assert recorded_failures(warehouse) == before == 0
    assert len(pending(warehouse, lake)) == 12


def test_after_the_outage_everything_is_loaded(warehouse, lake, load_through) -> None:
    assert load_through(lambda method, key: "").object_count == 12
    assert status(warehouse, lake).adds_up


@pytest.mark.parametrize("fault", ["500", "reset", "cut", "slow"])
def test_objects_that_fail_alone_are_recorded_and_all_others_loaded(
    warehouse, put, load_through, statement, fault
) -> None:
    keys = [put(f"events/{fault}/{number:02d}.ndjson", [statement(i) for i in range(30)]) for number in range(16)]
    bad = {keys[3], keys[15]}
    report = load_through(lambda method, key: fault if key in bad and method == "GET" else "")
    assert {refused.drop.key for refused in report.failed} == bad
    assert {refused.code for refused in report.failed} == {"lake_error"}
    assert report.object_count == 14


def test_one_bad_object_of_two_hundred_costs_few_attempts(warehouse, put, load_through, statement, patient) -> None:
    keys = [put(f"events/many/{number:03d}.ndjson", [statement(number)]) for number in range(200)]
    attempts = "select uniqExact(load_id) from ops.load_plan where object_key like 'events/many/%'"
    report = load_through(lambda method, key: "500" if key == keys[150] and method == "GET" else "")
    assert (report.object_count, [refused.drop.key for refused in report.failed]) == (199, [keys[150]])
    assert warehouse.query(attempts).result_rows[0][0] <= 4


def test_an_outage_in_the_middle_of_a_load_keeps_what_was_committed_and_judges_it(
    warehouse, lake, put, load_through, live_lines, statement, monkeypatch, patient
) -> None:
    monkeypatch.setattr("orchestration.loading.steps.plan.MAX_BATCH_OBJECTS", 5)
    keys = [put(f"events/middle/{number:02d}.ndjson", [statement(number)]) for number in range(20)]
    failures_before = recorded_failures(warehouse)
    read = set()

    def down_after_the_first_batch(method: str, key: str) -> str:
        read.update({key} if key in keys[5:] else set())
        return "503" if read else ""

    with pytest.raises(LoadError, match="could not read the lake"):
        load_through(down_after_the_first_batch)
    assert {key for key in dict(live_lines()) if key in keys} == set(keys[:5])
    assert recorded_failures(warehouse) == failures_before
    load_through(lambda method, key: "")
    assert {key for key in dict(live_lines()) if key in keys} == set(keys)


def test_a_lake_that_cannot_be_listed_is_one_error(warehouse, load_through) -> None:
    before = recorded_failures(warehouse)
    with pytest.raises(WarehouseError, match="The lake at"):
        load_through(lambda method, key: "500", for_python=True)
    assert recorded_failures(warehouse) == before


@pytest.mark.parametrize("step", ["discover", "judge_new_loads", "collect_all", "record_failures"])
def test_an_error_of_the_engine_at_any_step_is_one_sentence(
    warehouse, lake, settings, passing_judge, put, monkeypatch, step
) -> None:
    def broken(*arguments, **options):
        raise DatabaseError("Code: 394. DB::Exception: Query was cancelled. (QUERY_WAS_CANCELLED)")

    put(f"events/web/{{{step}}}.ndjson", [{"a": 1}])
    monkeypatch.setattr(f"orchestration.loading.loader.{step}", broken)
    with pytest.raises(LoadError, match="ClickHouse stopped the load: Query was cancelled"):
        load_pending(warehouse, lake, settings)
