"""A loader may die anywhere, or run twice at once: readers see whole objects, each once."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.loading import LoadError, live_fingerprint, load_pending, pending, status
from orchestration.loading.loader import load_attempt
from orchestration.loading.steps.audit import audit
from orchestration.loading.steps.collect import collect_all, collect_recent
from orchestration.loading.steps.commit import commit
from orchestration.loading.steps.discover import Discovery
from orchestration.loading.steps.gate import judge_new_loads
from orchestration.loading.steps.land import land
from orchestration.loading.steps.plan import write_plan
from orchestration.resources.warehouse import connect

TOMORROW = datetime.now(UTC) + timedelta(days=2)


@pytest.fixture
def due(warehouse, lake, put, statement, request):
    """One new object of ten lines, and nothing else, is due."""
    put(f"events/web/{request.node.name}.ndjson", [statement(i) for i in range(10)])
    drops = pending(warehouse, lake)
    assert len(drops) == 1
    return drops


def stored(warehouse, drops) -> int:
    """Rows of the object in raw, visible or not."""
    return warehouse.query(
        "select count() from raw.event_lines where object_key = {key:String}", parameters={"key": drops[0].key}
    ).result_rows[0][0]


def test_killed_after_land_the_retry_commits_and_the_orphan_is_invisible(
    warehouse, lake, settings, due, load, live_lines
) -> None:
    orphan = write_plan(warehouse, due)
    land(warehouse, settings, orphan, due)
    assert due[0].key not in dict(live_lines())
    load()
    assert dict(live_lines())[due[0].key] == 10
    assert stored(warehouse, due) == 20
    collect_all(warehouse, TOMORROW)
    assert stored(warehouse, due) == 10
    assert dict(live_lines())[due[0].key] == 10


def test_killed_before_the_verdict_the_object_waits_and_the_next_load_judges_it(
    warehouse, lake, settings, due, load, live_lines
) -> None:
    load_attempt(warehouse, lake, settings, due)
    assert due[0].key not in dict(live_lines())
    assert [held.reason for held in status(warehouse, lake).held_objects] == ["Not judged yet: the next load does it."]
    report = load()
    assert (report.object_count, report.judgement.published_count) == (0, 1)
    assert dict(live_lines())[due[0].key] == 10


def test_a_commit_whose_reply_was_lost_leaves_nothing_to_do(warehouse, lake, settings, due, load, monkeypatch) -> None:
    def commit_then_fail(*arguments):
        commit(*arguments)
        raise ConnectionResetError("reply lost")

    monkeypatch.setattr("orchestration.loading.loader.commit", commit_then_fail)
    with pytest.raises(ConnectionResetError):
        load()
    monkeypatch.undo()
    assert pending(warehouse, lake) == []


def test_of_two_loaders_the_first_commit_counts_and_the_loser_is_collected(
    warehouse, lake, settings, due, live_lines, load
) -> None:
    first, second = write_plan(warehouse, due), write_plan(warehouse, due)
    for load_id in (first, second):
        land(warehouse, settings, load_id, due)
        commit(warehouse, load_id, audit(warehouse, lake, settings, load_id, due)[0])
        time.sleep(0.005)
    load()
    assert dict(live_lines())[due[0].key] == 10
    collect_all(warehouse, TOMORROW)
    assert stored(warehouse, due) == 10
    kept = warehouse.query(
        "select distinct load_id from raw.event_lines where object_key = {key:String}", parameters={"key": due[0].key}
    ).result_rows
    assert kept == [(first,)]
    assert dict(live_lines())[due[0].key] == 10
    assert pending(warehouse, lake) == []


def test_collecting_twice_and_collecting_nothing_change_nothing(warehouse, load) -> None:
    before = live_fingerprint(warehouse)
    assert collect_all(warehouse, TOMORROW) == 0
    assert collect_all(warehouse) == collect_recent(warehouse) == 0
    assert live_fingerprint(warehouse) == before


def test_a_loader_that_slept_too_long_must_not_commit(warehouse, lake, settings, due, load) -> None:
    load_id = write_plan(warehouse, due)
    land(warehouse, settings, load_id, due)
    landed, _ = audit(warehouse, lake, settings, load_id, due)
    warehouse.command(
        "alter table ops.load_plan update planned_at = planned_at - toIntervalHour(13) where load_id = {id:String}",
        parameters={"id": load_id},
        settings={"mutations_sync": 2},
    )
    with pytest.raises(LoadError, match="not committed"):
        commit(warehouse, load_id, landed)
    assert pending(warehouse, lake) == due
    load()


def test_an_object_overwritten_while_it_is_read_is_refused_and_its_new_version_loaded(
    warehouse, lake, settings, due, put, load, live_lines, statement
) -> None:
    neighbour = put("events/web/neighbour.ndjson", [statement(1)])
    both = pending(warehouse, lake)
    put(due[0].key, [statement(i) for i in range(4)])
    attempt = load_attempt(warehouse, lake, settings, both)
    landed, refused = attempt.landed, attempt.refused
    assert [drop_landed.drop.key for drop_landed in landed] == [neighbour]
    assert [(failure.drop.key, failure.code) for failure in refused] == [(due[0].key, "changed_while_read")]
    load()
    assert dict(live_lines())[due[0].key] == 4


def test_an_object_overwritten_by_an_empty_one_is_refused(warehouse, lake, settings, due, put, load) -> None:
    put(due[0].key, b"")
    attempt = load_attempt(warehouse, lake, settings, due)
    landed, refused = attempt.landed, attempt.refused
    assert (landed, [failure.code for failure in refused]) == ([], ["changed_while_read"])
    load()


def test_an_object_deleted_before_it_is_read_fails_alone(
    warehouse, lake, due, put, delete, load, statement, monkeypatch
) -> None:
    put("events/web/stays.ndjson", [statement(1)])
    ready = pending(warehouse, lake)
    delete(due[0].key)
    monkeypatch.setattr("orchestration.loading.loader.discover", lambda *arguments: Discovery(ready=ready))
    report = load()
    assert report.object_count == 1
    assert [failure.code for failure in report.failed] == ["gone"]


def test_lines_that_landed_twice_are_found_by_the_audit(warehouse, lake, settings, due, load) -> None:
    """A client that repeats a request by itself would double the attempt's rows."""
    load_id = write_plan(warehouse, due)
    land(warehouse, settings, load_id, due)
    land(warehouse, settings, load_id, due)
    landed, refused = audit(warehouse, lake, settings, load_id, due)
    assert (landed, [failure.code for failure in refused]) == ([], ["incomplete_read"])
    load()


def test_an_object_that_was_not_planned_stops_the_attempt(warehouse, lake, settings, due, put, load, statement) -> None:
    put("events/web/unplanned.ndjson", [statement(1)])
    both = pending(warehouse, lake)
    load_id = write_plan(warehouse, due)
    land(warehouse, settings, load_id, both)
    with pytest.raises(LoadError, match="not planned"):
        audit(warehouse, lake, settings, load_id, due)
    load()


LOADER = """
import sys
from orchestration.loading import load_pending
from orchestration.loading.steps import gate
from orchestration.resources.lake import S3Lake
from orchestration.resources.warehouse import connect
from orchestration.settings import ClickHouse, LakeSettings, Settings
names = {"ClickHouse": ClickHouse, "LakeSettings": LakeSettings, "Settings": Settings, "PosixPath": str}
settings = eval(sys.stdin.read(), names)
print("ready", flush=True)
load_pending(connect(settings), S3Lake(settings.lake), settings)
"""


def test_loaders_killed_at_random_moments_never_lose_or_double_a_line(
    warehouse, lake, settings, put, load, live_lines, statement
) -> None:
    objects, lines = 24, 2_000
    body = [statement(i) for i in range(lines)]
    keys = [put(f"events/killed/{i:02d}.ndjson", body) for i in range(objects)]
    chance = random.Random(7)
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", LOADER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as loader:
            loader.stdin.write(repr(settings))
            loader.stdin.close()
            assert loader.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.05, 0.7))
            os.kill(loader.pid, signal.SIGKILL)
        seen = {key: count for key, count in live_lines() if key in keys}
        assert set(seen.values()) <= {lines}
    load()
    assert {key: count for key, count in live_lines() if key in keys} == dict.fromkeys(keys, lines)
    assert status(warehouse, lake).adds_up


def test_two_loaders_at_once_end_in_one_result(warehouse, lake, settings, put, load, live_lines, statement) -> None:
    keys = [put(f"events/race/{i}.ndjson", [statement(i) for i in range(500)]) for i in range(6)]
    with ThreadPoolExecutor(2) as pool:
        loads = [pool.submit(load_pending, connect(settings), lake, settings) for _ in range(2)]
        assert sum(load.result().object_count for load in loads) >= len(keys)
    judge_new_loads(warehouse, settings)
    assert {key: count for key, count in live_lines() if key in keys} == dict.fromkeys(keys, 500)
    assert pending(warehouse, lake) == []


def test_a_line_lost_between_blank_lines_is_found_by_the_audit(warehouse, lake, settings, put) -> None:
    """Numbers with gaps are right where the lines between are blank, and only there."""
    key = put("events/blank/a.ndjson", b'\n{"a":1}\n\n{"b":2}\n{"c":3}\n')
    due = [drop for drop in pending(warehouse, lake) if drop.key == key]
    load_id = write_plan(warehouse, due)
    land(warehouse, settings, load_id, due)
    landed, _ = audit(warehouse, lake, settings, load_id, due)
    assert [(drop_landed.line_count, drop_landed.first_line) for drop_landed in landed] == [(3, 2)]
    warehouse.command(f"delete from raw.event_lines where load_id = '{load_id}' and line_number = 4")
    assert [failure.code for failure in audit(warehouse, lake, settings, load_id, due)[1]] == ["incomplete_read"]
