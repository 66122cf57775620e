"""What is deleted and when: never a row that counts, or that may still count."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.loading import live_fingerprint, pending
from orchestration.loading.ledger.revoke import revoke
from orchestration.loading.steps.collect import collect_all, collect_recent
from orchestration.loading.steps.land import land
from orchestration.loading.steps.plan import write_plan

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def rows_of(warehouse, load_id: str) -> int:
    return warehouse.query(
        "select count() from raw.event_lines where load_id = {load_id:String}", parameters={"load_id": load_id}
    ).result_rows[0][0]


@pytest.fixture
def orphan(warehouse, lake, settings, put, load, statement) -> str:
    """An attempt that was planned and landed, and never committed; its object was committed by another."""
    put(f"events/web/{uuid.uuid4()}.ndjson", [statement(i) for i in range(3)])
    due = pending(warehouse, lake)
    load_id = write_plan(warehouse, due)
    land(warehouse, settings, load_id, due)
    load()
    return load_id


@pytest.mark.parametrize("collect", [collect_recent, collect_all])
def test_an_attempt_that_may_still_be_committed_is_left_alone(warehouse, orphan, now, collect) -> None:
    before = live_fingerprint(warehouse)
    assert collect(warehouse, now + 23 * HOUR) == 0
    assert rows_of(warehouse, orphan) == 3
    assert collect(warehouse, now + 25 * HOUR) == 1
    assert rows_of(warehouse, orphan) == 0
    assert live_fingerprint(warehouse) == before


def test_what_is_older_than_a_week_is_left_to_the_night(warehouse, orphan, now) -> None:
    assert collect_recent(warehouse, now + 10 * DAY) == 0
    assert collect_all(warehouse, now + 10 * DAY) == 1


def test_rows_that_neither_plan_nor_ledger_know_go_after_a_day(warehouse, orphan, now) -> None:
    """The ledger was restored from a copy that was older than the load."""
    warehouse.command(f"delete from ops.load_plan where load_id = '{orphan}'")
    assert collect_recent(warehouse, now + 25 * HOUR) == 0
    assert collect_all(warehouse, now + 23 * HOUR) == 0
    assert collect_all(warehouse, now + 25 * HOUR) == 1
    assert rows_of(warehouse, orphan) == 0


def test_after_a_restored_ledger_the_objects_are_due_and_counted_once(
    warehouse, lake, put, load, live_lines, statement, now
) -> None:
    key = put("events/web/restored.ndjson", [statement(i) for i in range(7)])
    load()
    [[lost]] = warehouse.query(f"select load_id from ops.live_objects where object_key = '{key}'").result_rows
    for table in ("load_plan", "load_commits", "load_gates"):
        warehouse.command(f"delete from ops.{table} where load_id = '{lost}'")
    assert key not in dict(live_lines())
    assert load().object_count == 1
    assert dict(live_lines())[key] == 7
    assert collect_all(warehouse, now + 25 * HOUR) == 1
    assert (rows_of(warehouse, lost), dict(live_lines())[key]) == (0, 7)


def test_revoked_commits_keep_their_rows_for_a_week(warehouse, put, load, live_lines, statement, now) -> None:
    """Also when another object of the same load was revoked long before."""
    keys = [put(f"events/web/revoked/{i}.ndjson", [statement(i)]) for i in range(3)]
    load()
    pairs = [
        warehouse.query(f"select load_id, object_id from ops.live_objects where object_key = '{key}'").result_rows[0]
        for key in keys
    ]
    [load_id] = {pair[0] for pair in pairs}
    revoke(warehouse, pairs[:1], "damaged", "test")
    assert rows_of(warehouse, load_id) == 3
    collect_all(warehouse, now + 6 * DAY)
    assert rows_of(warehouse, load_id) == 3
    collect_all(warehouse, now + 8 * DAY)
    assert rows_of(warehouse, load_id) == 2
    assert set(keys[1:]) <= set(dict(live_lines()))


def test_nothing_to_collect_changes_nothing(warehouse, load, live_lines, now) -> None:
    before = live_lines()
    collect_all(warehouse, now + 30 * DAY)
    assert collect_all(warehouse, now + 30 * DAY) == collect_recent(warehouse, now) == 0
    assert live_lines() == before != []
