"""Loads that wait for their verdict, and objects with several commits or several rows in the ledger."""

from datetime import timedelta

from orchestration.loading import load_pending, pending
from orchestration.loading.ledger.entries import server_now
from orchestration.loading.loader import load_attempt
from orchestration.loading.state import unjudged
from orchestration.loading.state.held import NOT_JUDGED, held_objects
from orchestration.loading.state.unjudged import MAX_JUDGE_TRIES, has_unjudged_loads
from orchestration.loading.steps.gate import judge_new_loads
from tests.orchestration.loading.conftest import BrokenJudge
from tests.passing_judge import judge_by


def test_a_load_of_a_part_judges_recent_loads_only_and_nightly_all(
    warehouse, lake, settings, put, statement, passing_judge, monkeypatch
) -> None:
    put("events/web/waits.ndjson", [statement(1)])
    load_attempt(warehouse, lake, settings, pending(warehouse, lake))
    assert has_unjudged_loads(warehouse)
    now = server_now(warehouse)
    monkeypatch.setattr(unjudged, "server_now", lambda client: now + timedelta(hours=7))
    assert not has_unjudged_loads(warehouse)
    assert judge_new_loads(warehouse, settings, is_everything=False).judged_count == 0
    assert [held_object.reason for held_object in held_objects(warehouse) if "waits" in held_object.key] == [NOT_JUDGED]
    assert judge_new_loads(warehouse, settings).judged_count == 1


def test_a_second_commit_hides_nothing_and_is_judged_too(
    warehouse, lake, settings, put, statement, passing_judge
) -> None:
    """A replay loads first and takes the old commit back afterwards."""
    key = put("events/web/twice.ndjson", [statement(1)])
    drops = pending(warehouse, lake)
    first = load_attempt(warehouse, lake, settings, drops).load_id
    judge_new_loads(warehouse, settings)
    load_attempt(warehouse, lake, settings, drops)
    counts = "select count(), any(load_id) from {} where object_key = '" + key + "'"
    assert warehouse.query(counts.format("ops.first_commits")).result_rows == [(1, first)]
    assert warehouse.query(counts.format("ops.live_objects")).result_rows == [(1, first)]
    assert key not in {held_object.key for held_object in held_objects(warehouse)}
    assert judge_new_loads(warehouse, settings).judged_count == 1
    assert warehouse.query(counts.format("ops.first_commits")).result_rows == [(1, first)]


def test_of_two_commits_the_one_that_passed_counts(warehouse, lake, settings, put, statement, monkeypatch) -> None:
    key = put("events/web/held_then_passed.ndjson", [statement(1)])
    drops = pending(warehouse, lake)
    judge_by(monkeypatch, BrokenJudge)
    load_attempt(warehouse, lake, settings, drops)
    for _ in range(MAX_JUDGE_TRIES):
        judge_new_loads(warehouse, settings)
    judge_by(monkeypatch)
    second = load_attempt(warehouse, lake, settings, drops).load_id
    assert key in {held_object.key for held_object in held_objects(warehouse)}
    judge_new_loads(warehouse, settings)
    live = f"select load_id from ops.live_objects where object_key = '{key}'"
    assert warehouse.query(live).result_rows == [(second,)]
    assert key not in {held_object.key for held_object in held_objects(warehouse)}


def test_a_row_of_the_ledger_that_is_there_twice_counts_once(warehouse, lake, settings, put, statement, passing_judge):
    key = put("events/web/doubled_row.ndjson", [statement(1)])
    load_pending(warehouse, lake, settings)
    warehouse.command(f"insert into ops.load_commits select * from ops.load_commits where object_key = '{key}'")
    for view in ("ops.first_commits", "ops.live_objects"):
        assert warehouse.query(f"select count() from {view} where object_key = '{key}'").result_rows == [(1,)]
    assert judge_new_loads(warehouse, settings).judged_count == 0
