"""The sensor: the ledger decides, a tick is bounded, and at most one load is asked for."""

from datetime import UTC, date, datetime

import pytest
from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.test_utils import create_run_for_test

from orchestration.loading.objects import LakeObject, object_id
from orchestration.sensors import drops
from orchestration.sensors.drops import evaluate, find_due_drop

TODAY = date(2026, 1, 5)
JOBS = ("near_real_time", "nightly")


class ListedLake:
    """A lake that is only a listing, and counts how much of it was read."""

    bucket = "listed"

    def __init__(self, keys: list[str]) -> None:
        self.keys = sorted(keys)
        self.read = 0

    def list_objects(self, prefix: str, start_after: str = ""):
        for key in self.keys:
            if key.startswith(prefix) and key > start_after:
                self.read += 1
                yield LakeObject(key, "etag", 1, datetime(2026, 1, 5, tzinfo=UTC))

    def list_folders(self, prefix: str) -> list[str]:
        return sorted({key[: key.index("/", len(prefix)) + 1] for key in self.keys if key.startswith(prefix)})


@pytest.fixture
def known(warehouse, monkeypatch):
    """known(keys) makes the ledger know these objects of a ListedLake."""

    def enter(lake: ListedLake, keys: list[str]) -> None:
        ids = {object_id(lake.bucket, entry) for entry in lake.list_objects("") if entry.key in keys}
        monkeypatch.setattr(drops, "committed_ids", lambda client, asked: ids & set(asked))
        lake.read = 0

    return enter


def test_todays_folders_are_looked_at_first(warehouse, known) -> None:
    lake = ListedLake(
        [f"events/web/dt=2025-{m:02d}-01/a.ndjson" for m in range(1, 13)] + ["events/web/dt=2026-01-05/a.ndjson"]
    )
    known(lake, lake.keys[:-1])
    assert find_due_drop(warehouse, lake, "", TODAY)[0] == "events/web/dt=2026-01-05/a.ndjson"
    assert lake.read == 1


def test_a_tick_is_bounded_and_the_next_one_goes_on_where_it_stopped(warehouse, known, monkeypatch) -> None:
    monkeypatch.setattr(drops, "OBJECTS_PER_TICK", 10)
    lake = ListedLake([f"events/web/old/{i:03d}.ndjson" for i in range(25)])
    known(lake, lake.keys[:-1])
    first, cursor = find_due_drop(warehouse, lake, "", TODAY)
    assert (first, cursor, lake.read) == ("", "events/web/old/009.ndjson", 10)
    second, cursor = find_due_drop(warehouse, lake, cursor, TODAY)
    assert second == ""
    assert find_due_drop(warehouse, lake, cursor, TODAY)[0] == "events/web/old/024.ndjson"


def test_after_the_last_kind_it_starts_again(warehouse, known) -> None:
    lake = ListedLake(["events/web/a.ndjson", "catalog/c.ndjson", "learners/l.ndjson"])
    known(lake, ["events/web/a.ndjson", "catalog/c.ndjson"])
    assert find_due_drop(warehouse, lake, "learners/z", TODAY) == ("", "")
    assert find_due_drop(warehouse, lake, "", TODAY)[0] == "learners/l.ndjson"


def test_a_lost_or_foreign_cursor_loses_nothing(warehouse, known) -> None:
    lake = ListedLake(["events/web/a.ndjson"])
    known(lake, [])
    assert find_due_drop(warehouse, lake, "nonsense", TODAY)[0] == "events/web/a.ndjson"


def test_one_run_is_asked_for_without_a_run_key(warehouse, lake, put) -> None:
    put("events/web/a.ndjson", [{"a": 1}])
    put("events/web/b.ndjson", [{"a": 1}])
    with DagsterInstance.ephemeral() as instance:
        result = evaluate(instance, warehouse, lake, "", TODAY, JOBS)
        assert [each.run_key for each in result.run_requests] == [None]


@pytest.mark.parametrize("status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTED])
def test_it_waits_while_a_load_is_queued_or_running(warehouse, lake, status) -> None:
    with DagsterInstance.ephemeral() as instance:
        create_run_for_test(instance, job_name="nightly", status=status)
        result = evaluate(instance, warehouse, lake, "", TODAY, JOBS)
        assert result.run_requests is None or result.run_requests == []
        assert "A run of nightly is" in result.skip_reason.skip_message


def test_a_failed_run_does_not_keep_its_objects_out(warehouse, lake) -> None:
    with DagsterInstance.ephemeral() as instance:
        create_run_for_test(instance, job_name="near_real_time", status=DagsterRunStatus.FAILURE)
        assert len(evaluate(instance, warehouse, lake, "", TODAY, JOBS).run_requests) == 1
