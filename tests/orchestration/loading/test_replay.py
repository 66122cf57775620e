"""Replay: the old commit is live until the new one is, whatever happens in between."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from orchestration.expectations.verdict import LoadVerdict
from orchestration.loading import pending, status
from orchestration.loading.loader import load_attempt
from orchestration.loading.replay import ReplayError, Selection, candidates, replay
from orchestration.loading.steps.collect import collect_all
from tests.passing_judge import judge_by

TOMORROW = datetime.now(UTC) + timedelta(days=1, hours=1)
IN_TEN_DAYS = datetime.now(UTC) + timedelta(days=10)


class HoldingJudge:
    """Holds every object."""

    def judge(self, load_id: str, kind: str, object_count: int) -> LoadVerdict:
        return LoadVerdict(held_entirely=["nothing is good enough"])


@pytest.fixture
def again(warehouse, lake, settings, passing_judge):
    return lambda reason="the exporter was fixed", **selection: replay(
        warehouse, lake, settings, Selection(**selection), reason
    )


def live_loads(warehouse, key: str) -> list[str]:
    return [
        row[0]
        for row in warehouse.query(
            "select load_id from ops.live_objects where object_key = {key:String}", parameters={"key": key}
        ).result_rows
    ]


def revocations(warehouse, key: str) -> list[tuple[str, str]]:
    return warehouse.query(
        "select cause, reason from ops.load_revocations where object_id in "
        "(select object_id from ops.load_commits where object_key = {key:String}) order by revoked_at",
        parameters={"key": key},
    ).result_rows


def rows_of(warehouse, key: str) -> int:
    return warehouse.query(
        "select count() from raw.event_lines where object_key = {key:String}", parameters={"key": key}
    ).result_rows[0][0]


def test_a_replayed_object_is_read_again_and_takes_the_place_of_the_old_commit(
    warehouse, lake, put, load, again, live_lines, statement
) -> None:
    key = put("events/web/a.ndjson", [statement(i) for i in range(10)])
    put("events/web/neighbour.ndjson", [statement(1)])
    load()
    [before] = live_loads(warehouse, key)
    report = again(keys=(key,))
    [after] = live_loads(warehouse, key)
    assert [drop.key for drop in report.replaced] == [key]
    assert before != after
    assert dict(live_lines())[key] == 10
    assert revocations(warehouse, key) == [("replayed", "the exporter was fixed")]
    assert pending(warehouse, lake) == []
    assert status(warehouse, lake).adds_up


def test_the_rows_of_the_old_commit_go_after_a_week(warehouse, load, live_lines) -> None:
    key = "events/web/a.ndjson"
    assert rows_of(warehouse, key) == 20
    collect_all(warehouse, TOMORROW)
    assert rows_of(warehouse, key) == 20
    assert collect_all(warehouse, IN_TEN_DAYS) == 1
    assert rows_of(warehouse, key) == dict(live_lines())[key] == 10


def test_a_new_attempt_that_the_gate_holds_leaves_the_old_one_live(
    warehouse, lake, again, live_lines, monkeypatch
) -> None:
    key = "events/web/a.ndjson"
    [before] = live_loads(warehouse, key)
    judge_by(monkeypatch, HoldingJudge)
    report = again(prefix="events/web/a")
    assert ([held_object.reason for held_object in report.held], report.replaced) == (["nothing is good enough"], [])
    assert live_loads(warehouse, key) == [before]
    assert revocations(warehouse, key)[-1][0] == "lost"
    assert status(warehouse, lake).held == 0


def test_a_replay_killed_before_the_switch_leaves_a_loser_that_is_collected(
    warehouse, lake, settings, load, live_lines
) -> None:
    key = "events/web/a.ndjson"
    [before] = live_loads(warehouse, key)
    [chosen] = candidates(warehouse, lake.bucket, Selection(keys=(key,)))
    load_attempt(warehouse, lake, settings, [chosen.drop])
    assert live_loads(warehouse, key) == [before]
    load()
    assert live_loads(warehouse, key) == [before]
    collect_all(warehouse, TOMORROW)
    assert live_loads(warehouse, key) == [before]
    collect_all(warehouse, IN_TEN_DAYS)
    assert (rows_of(warehouse, key), dict(live_lines())[key]) == (10, 10)


def test_the_object_that_the_lake_no_longer_has_keeps_its_commit(
    warehouse, put, delete, load, again, live_lines, statement
) -> None:
    key = put("events/web/expired.ndjson", [statement(i) for i in range(3)])
    load()
    delete(key)
    report = again(keys=(key,))
    assert [drop.key for drop in report.not_in_lake] == [key]
    assert (report.selected_count, report.replaced) == (1, [])
    assert dict(live_lines())[key] == 3


def test_a_parked_object_is_tried_again(warehouse, lake, put, load, again) -> None:
    key = put("events/web/cut.ndjson.gz", b"not gzip")
    assert load().parked_count == 1
    report = again(keys=(key,))
    assert [failure.drop.key for failure in report.load.parked] == [key]
    decision = (
        "select message, tries from ops.object_failures where object_key = {key:String} order by failed_at, tries"
    )
    recorded = warehouse.query(decision, parameters={"key": key}).result_rows
    assert [tries for _, tries in recorded] == [1, 0, 1]
    assert recorded[1][0] == "the exporter was fixed"
    assert status(warehouse, lake).parked == 1


def test_a_held_object_is_judged_again(warehouse, lake, put, load, again, live_lines, monkeypatch, statement) -> None:
    key = put("events/web/held.ndjson", [statement(i) for i in range(4)])
    with monkeypatch.context() as held:
        judge_by(held, HoldingJudge)
        assert load().held_count == 1
    assert candidates(warehouse, lake.bucket, Selection(keys=(key,)))[0].state == "held"
    assert len(again(keys=(key,)).replaced) == 1
    assert dict(live_lines())[key] == 4
    assert status(warehouse, lake).adds_up


def test_a_day_of_the_lake_is_replayed_by_prefix_and_by_time(warehouse, lake, put, load, again, statement) -> None:
    keys = [put(f"events/web/dt=2026-01-05/{i}.ndjson", [statement(i)]) for i in range(3)]
    load()
    assert {drop.key for drop in again(prefix="events/web/dt=2026-01-05/").replaced} == set(keys)
    assert len(again(lake_dates=(date(2026, 1, 5),)).replaced) == 3
    today = datetime.now(UTC).date()
    bucket = lake.bucket
    everything = candidates(warehouse, bucket, Selection(since=today - timedelta(days=1)))
    assert set(keys) <= {planned.drop.key for planned in everything}
    with pytest.raises(ReplayError, match="No object of the ledger matches"):
        candidates(warehouse, bucket, Selection(since=today + timedelta(days=2)))


def test_what_is_replayed_must_be_said_and_why(again) -> None:
    with pytest.raises(ReplayError, match="what to replay"):
        again()
    with pytest.raises(ReplayError, match="reason"):
        again(reason=" ", prefix="events/")


def test_a_replay_of_everything_twice_at_once_ends_in_one_result(warehouse, lake, again, live_lines) -> None:
    before = live_lines()
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(again, prefix="events/web/dt=") for _ in range(2)]
        for run in runs:
            run.result()
    assert live_lines() == before
    assert status(warehouse, lake).adds_up
