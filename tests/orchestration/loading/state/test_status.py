"""Where every object stands, over a small lake with one object of each fate."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orchestration.loading import LoadReport, WarehouseError, load_pending, status
from orchestration.loading.recovery.failures import record_failures
from orchestration.loading.state.status import Status
from orchestration.loading.steps.audit import RefusedObject
from orchestration.loading.steps.discover import discover
from tests.passing_judge import PassingJudge

DAY = "events/web/dt=2026-01-05"


@pytest.fixture(scope="module")
def load(warehouse, lake, settings) -> Iterator:
    """load() loads what is due, and lets it through."""
    from orchestration.loading.steps import gate

    def run() -> LoadReport:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gate, "_great_expectations", lambda *_: PassingJudge())
            return load_pending(warehouse, lake, settings)

    return run


@pytest.fixture(scope="module")
def block(warehouse):
    """block(key, reason) holds every object of this key that is in the ledger, from now on."""

    def hold(key: str, reason: str) -> None:
        warehouse.command(
            "insert into ops.load_gates select load_id, object_id, 'block', {reason:String}, now64(3, 'UTC') + 1 "
            "from ops.load_commits where object_key = {key:String} "
            "order by last_modified desc, committed_at desc limit 1",
            parameters={"key": key, "reason": reason},
        )

    return hold


@pytest.fixture(scope="module")
def now(warehouse, lake, put, delete, statement, load, block) -> Status:
    """The status after two loads, with one object of each fate."""
    lines = [statement(i) for i in range(3)]
    put(f"{DAY}/good.ndjson", [*lines, "text", statement(9, id="no UUID")])
    put(f"{DAY}/overwritten.ndjson", lines)
    put(f"{DAY}/older_version.ndjson", lines)
    put(f"{DAY}/deleted.ndjson", lines)
    put(f"{DAY}/held.ndjson", lines)
    put(f"{DAY}/cut.ndjson.gz", b"not gzip")
    put("events/web/_SUCCESS", b"")
    load()
    block(f"{DAY}/held.ndjson", "lines that do not say who: 3, at most 1 allowed; lines that do not say when: 3")
    put(f"{DAY}/overwritten.ndjson", [*lines, statement(4)])
    put(f"{DAY}/older_version.ndjson", ["text"])
    delete(f"{DAY}/deleted.ndjson")
    load()
    block(f"{DAY}/older_version.ndjson", "lines that are not a JSON object: 1, at most 0 allowed")
    put(f"{DAY}/late.ndjson", lines)
    put(f"{DAY}/flaky.ndjson", lines)
    [flaky] = [drop for drop in discover(warehouse, lake).due if drop.key.endswith("flaky.ndjson")]
    record_failures(warehouse, "", [RefusedObject(flaky, "lake_error", "S3 answered 503")])
    return status(warehouse, lake)


def test_every_listed_object_is_in_one_state(now: Status) -> None:
    assert (now.listed, now.live, now.held, now.parked, now.ignored, now.due) == (8, 2, 2, 1, 1, 2)
    assert now.adds_up
    assert now.ignored_by_reason == {"working file of another tool": 1}


def test_what_is_due_is_what_a_load_would_see(now: Status, warehouse, lake) -> None:
    assert now.due == len(discover(warehouse, lake).due)
    assert now.parked == len(discover(warehouse, lake).parked)


def test_gone_from_the_lake_is_not_an_older_version_that_stays_live(now: Status) -> None:
    assert (now.gone_from_lake, now.gone_keys) == (1, [f"{DAY}/deleted.ndjson"])
    assert now.older_version_live == 1
    assert now.seen_in_older_version == [f"{DAY}/older_version.ndjson"]


def test_lines_are_accepted_or_rejected_in_every_state(now: Status) -> None:
    totals = {total.state: (total.objects, total.lines, total.accepted, total.rejected) for total in now.totals}
    assert totals == {"live": (4, 15, 13, 2), "superseded": (1, 3, 3, 0), "held": (2, 4, 3, 1)}
    assert (now.lines_accepted, now.lines_rejected) == (13, 2)
    assert now.rejected_by_reason == {"not_json": 1, "invalid_id": 1}, "not those of held objects"


def test_parked_waiting_and_held_objects_say_why(now: Status) -> None:
    [parked], [waiting] = now.parked_objects, now.waiting_objects
    assert (parked.key, parked.code, parked.tries, parked.next_retry_at) == (
        f"{DAY}/cut.ndjson.gz",
        "unreadable",
        1,
        None,
    )
    assert (waiting.key, waiting.message, waiting.tries) == (f"{DAY}/flaky.ndjson", "S3 answered 503", 1)
    assert waiting.next_retry_at - waiting.failed_at == timedelta(minutes=1)
    assert {held.key.rpartition("/")[2]: (held.lines, held.rejected) for held in now.held_objects} == {
        "held.ndjson": (3, 0),
        "older_version.ndjson": (1, 1),
    }
    assert all(held.load_id and held.judged_at and "at most" in held.reason for held in now.held_objects)


def test_without_a_listing_the_ledger_is_counted(now: Status, warehouse) -> None:
    state = status(warehouse, None)
    assert not state.is_lake_listed
    assert (state.listed, state.due, state.ignored, state.gone_from_lake) == (None, None, None, None)
    assert (state.live, state.superseded, state.held, state.parked, state.waiting) == (4, 1, 2, 1, 1)
    assert state.adds_up
    assert state.lines_accepted == now.lines_accepted


class SilentLake:
    """A lake that is down."""

    bucket = "lake"

    def list_objects(self, prefix: str, start_after: str = "") -> Iterator:
        raise WarehouseError("The lake at http://nowhere does not answer.")
        yield


def test_a_lake_that_is_down_leaves_what_the_ledger_knows(now: Status, warehouse) -> None:
    state = status(warehouse, SilentLake())
    assert state.lake_error == "The lake at http://nowhere does not answer."
    assert (state.listed, state.live, state.held) == (None, 4, 2)


def test_the_loads_of_today_are_counted(now: Status) -> None:
    [today] = now.loads_by_day
    assert today.day == now.taken_at.date()
    assert (today.objects, today.lines, today.rejected) == (7, 22, 3)
    assert today.loads >= 2, "a batch with an unreadable object is halved into several"


def test_an_object_counted_otherwise_by_the_gate_breaks_the_equation(now: Status, warehouse, lake) -> None:
    key = f"{DAY}/good.ndjson"
    assert not now.miscounted_keys
    copy = (
        "insert into ops.object_profiles (load_id, object_id, line_count, rejected_count, profiled_at) "
        "select load_id, object_id, line_count + {more:Int64}, rejected_count, now64(3, 'UTC') + 3600 * {more:Int64} "
        "from ops.load_commits where object_key = {key:String}"
    )
    warehouse.command(copy, parameters={"key": key, "more": 0})
    assert status(warehouse, lake).adds_up, "profiled twice is no fault"
    warehouse.command(copy, parameters={"key": key, "more": 1})
    state = status(warehouse, lake)
    assert state.miscounted_keys == [key]
    assert not state.adds_up
    warehouse.command("delete from ops.object_profiles where profiled_at > now64(3, 'UTC')")


def test_a_corrected_object_is_no_longer_held(now: Status, warehouse, lake, put, load, statement) -> None:
    put(f"{DAY}/held.ndjson", [statement(1)])
    load()
    state = status(warehouse, lake)
    assert state.adds_up
    assert [held.key for held in state.held_objects] == [f"{DAY}/older_version.ndjson"]


def test_a_parked_object_that_was_delivered_again_is_settled(
    now: Status, warehouse, lake, put, load, statement
) -> None:
    put(f"{DAY}/cut.ndjson.gz", [statement(1)])
    load()
    assert status(warehouse, lake).parked_objects == []
    assert status(warehouse, None).parked_objects == []
    assert status(warehouse, None).parked == 0


def test_an_empty_warehouse_has_a_status(warehouse, lake) -> None:
    for table in ("load_commits", "load_gates", "object_failures", "object_profiles"):
        warehouse.command(f"truncate table ops.{table}")
    state = status(warehouse, None)
    assert (state.live, state.held, state.parked, state.loads_by_day) == (0, 0, 0, [])
    assert status(warehouse, lake).due == status(warehouse, lake).listed - 1
