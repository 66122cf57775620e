"""The sensor: the ledger decides, a tick is bounded, and at most one load is asked for, of as little as is needed."""

from datetime import UTC, datetime, timedelta

import pytest
from dagster import DagsterEvent, DagsterInstance, DagsterRunStatus
from dagster._core.events import StepSuccessData
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.test_utils import create_run_for_test

from orchestration.loading import load_pending, pending
from orchestration.loading.lake.scope import Tier
from orchestration.loading.loader import load_attempt
from orchestration.resources.queue import QueueUnavailable
from orchestration.sensors import drops
from orchestration.sensors.cursor import Cursor
from orchestration.sensors.drops import evaluate, search
from orchestration.sensors.scan import START, Position
from tests.orchestration.sensors.listed_lake import ListedLake

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
JOBS = ("near_real_time", "nightly")
OLD = [f"events/web/dt=2025-{month:02d}-01/a.ndjson" for month in range(1, 13)]
TODAY, YESTERDAY, LAST_WEEK = (f"events/web/dt={day}/a.ndjson" for day in ("2026-01-05", "2026-01-04", "2025-12-31"))
CATALOGUE = "catalog/c.ndjson"
SPECIFIC = {"STEP_START": None, "STEP_SUCCESS": StepSuccessData(duration_ms=1.0)}


class Queue:
    """A queue that names these folders once."""

    def __init__(self, *prefixes: str) -> None:
        self.prefixes = list(prefixes)

    def take_prefixes(self, warn) -> list[str]:
        taken, self.prefixes = self.prefixes, []
        return taken


class BrokenQueue:
    def take_prefixes(self, warn) -> list[str]:
        raise QueueUnavailable("no queue today")


def config_of(result) -> dict:
    [request] = result.run_requests
    return request.run_config["ops"]["load_drops"]["config"]


@pytest.mark.parametrize(
    ("due", "tier"),
    [
        (TODAY, Tier.RECENT),
        (YESTERDAY, Tier.RECENT),
        (CATALOGUE, Tier.RECENT),
        (LAST_WEEK, Tier.WEEK),
        ("events/web/dt=2026-01-06/a.ndjson", Tier.WEEK),
        (OLD[0], Tier.EVERYTHING),
        ("events/web/loose.ndjson", Tier.EVERYTHING),
    ],
)
def test_where_a_drop_lies_decides_how_much_is_looked_at(warehouse, known, due: str, tier: Tier) -> None:
    lake = ListedLake([*OLD, TODAY, YESTERDAY, LAST_WEEK, CATALOGUE, due])
    known(lake, [key for key in lake.keys if key != due])
    find, _ = search(warehouse, lake, Cursor(), NOW)
    assert (find.tier, find.what) == (tier, due)


def test_todays_folders_are_looked_at_first(warehouse, known) -> None:
    lake = ListedLake([*OLD, TODAY])
    known(lake, OLD)
    assert search(warehouse, lake, Cursor(), NOW)[0].what == TODAY
    assert lake.read == 1


def test_the_week_is_looked_at_once_an_hour(warehouse, known, monkeypatch) -> None:
    monkeypatch.setattr(drops, "SWEEP_BUDGET", 0)
    lake = ListedLake([LAST_WEEK])
    known(lake, [LAST_WEEK])
    find, cursor = search(warehouse, lake, Cursor(), NOW)
    assert (find, cursor.week_seconds) == (None, NOW.timestamp())
    known(lake, [])
    assert search(warehouse, lake, cursor, NOW + timedelta(minutes=59))[0] is None
    assert search(warehouse, lake, cursor, NOW + timedelta(minutes=61))[0].what == LAST_WEEK


def test_the_sweep_is_bounded_and_the_next_tick_goes_on(warehouse, known, monkeypatch) -> None:
    monkeypatch.setattr(drops, "SWEEP_BUDGET", 210)
    lake = ListedLake([f"events/web/old/{i:03d}.ndjson" for i in range(25)])
    known(lake, lake.keys[:-1])
    cursor, finds = Cursor(week_seconds=NOW.timestamp()), []
    for _ in range(3):
        lake.read = 0
        find, cursor = search(warehouse, lake, cursor, NOW)
        finds.append(find.what if find else "")
        assert lake.read <= 210
    assert "events/web/old/024.ndjson" in finds


def test_after_the_last_kind_it_starts_again(warehouse, known) -> None:
    lake = ListedLake([OLD[0], "learners/x/l.ndjson"])
    known(lake, ["learners/x/l.ndjson"])
    find, cursor = search(warehouse, lake, Cursor(sweep=Position("learners/", "learners/z")), NOW)
    assert (find, cursor.sweep) == (None, START)
    assert search(warehouse, lake, cursor, NOW)[0].what == OLD[0]


@pytest.mark.parametrize("text", ["", "nonsense", "events/web/zzz.ndjson", '{"recent": 1}'])
def test_a_lost_or_foreign_cursor_loses_nothing(warehouse, known, text: str) -> None:
    lake = ListedLake([OLD[0]])
    known(lake, [])
    with DagsterInstance.ephemeral() as instance:
        result = evaluate(instance, warehouse, lake, text, NOW, JOBS)
        assert config_of(result)["tier"] == "EVERYTHING"


def test_a_folder_that_the_queue_names_is_looked_at_at_once_and_by_the_run(warehouse, known, monkeypatch) -> None:
    monkeypatch.setattr(drops, "SWEEP_BUDGET", 0)
    lake = ListedLake([*OLD, TODAY])
    known(lake, [TODAY, *OLD[1:]])
    folder = OLD[0].removesuffix("a.ndjson")
    with DagsterInstance.ephemeral() as instance:
        assert not evaluate(instance, warehouse, lake, "", NOW, JOBS).run_requests
        result = evaluate(instance, warehouse, lake, "", NOW, JOBS, Queue(folder))
        assert config_of(result) == {"tier": "RECENT", "prefixes": [folder]}
        known(lake, [TODAY, *OLD])
        assert not evaluate(instance, warehouse, lake, "", NOW, JOBS, Queue(folder)).run_requests


def test_a_folder_too_large_for_a_tick_is_left_to_the_run(warehouse, known, monkeypatch) -> None:
    monkeypatch.setattr(drops, "LOOK_BUDGET", 110)
    lake = ListedLake([f"events/web/big/{i:03d}.ndjson" for i in range(30)])
    known(lake, lake.keys[:-1])
    with DagsterInstance.ephemeral() as instance:
        result = evaluate(instance, warehouse, lake, "", NOW, JOBS, Queue("events/web/big/"))
    assert config_of(result) == {"tier": "RECENT", "prefixes": ["events/web/big/"]}


def test_a_queue_that_does_not_answer_is_only_a_hint_less(warehouse, known) -> None:
    lake, warnings = ListedLake([TODAY]), []
    known(lake, [])
    with DagsterInstance.ephemeral() as instance:
        result = evaluate(instance, warehouse, lake, "", NOW, JOBS, BrokenQueue(), warnings.append)
    assert config_of(result) == {"tier": "RECENT", "prefixes": []}
    assert warnings == ["no queue today"]


def test_one_run_is_asked_for_without_a_run_key_and_without_keys(warehouse, lake, put) -> None:
    put("events/web/a.ndjson", [{"a": 1}])
    put("events/web/b.ndjson", [{"a": 1}])
    with DagsterInstance.ephemeral() as instance:
        result = evaluate(instance, warehouse, lake, "", NOW, JOBS)
        assert [request.run_key for request in result.run_requests] == [None]
        assert config_of(result) == {"tier": "EVERYTHING", "prefixes": []}


@pytest.mark.parametrize("status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTED])
def test_it_waits_while_a_load_is_queued_or_running(warehouse, lake, status) -> None:
    queue = Queue("events/web/")
    with DagsterInstance.ephemeral() as instance:
        create_run_for_test(instance, job_name="nightly", status=status)
        result = evaluate(instance, warehouse, lake, "as it was", NOW, JOBS, queue)
        assert result.run_requests is None or result.run_requests == []
        assert "A run of nightly is" in result.skip_reason.skip_message
    assert result.cursor == "as it was"
    assert queue.prefixes == ["events/web/"], "messages wait for the tick that can use them"


def test_a_failed_run_does_not_keep_its_objects_out(warehouse, lake) -> None:
    with DagsterInstance.ephemeral() as instance:
        create_run_for_test(instance, job_name="near_real_time", status=DagsterRunStatus.FAILURE)
        assert len(evaluate(instance, warehouse, lake, "", NOW, JOBS).run_requests) == 1


def test_a_load_whose_loader_died_before_the_verdict_is_a_reason_to_load(warehouse, lake, settings) -> None:
    due = [drop for drop in pending(warehouse, lake) if drop.key == "events/web/a.ndjson"]
    load_attempt(warehouse, lake, settings, due)
    find, _ = search(warehouse, ListedLake([]), Cursor(), NOW)
    assert find == drops.DueLoad(Tier.RECENT, "a load without verdicts")
    load_pending(warehouse, lake, settings)
    assert search(warehouse, ListedLake([]), Cursor(), NOW)[0] is None


def long_run(instance: DagsterInstance, status: DagsterRunStatus, minutes_ago: float = 0, load: str = "") -> None:
    """A run of the nightly job; `load` is the event that its load step has come to."""
    run = create_run_for_test(instance, "nightly", status=status)
    if load:
        event = DagsterEvent(load, "nightly", step_key="load_drops", event_specific_data=SPECIFIC[load])
        instance.report_dagster_event(event, run.run_id)
    if minutes_ago:
        with instance.run_storage.connect() as connection:
            created = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=minutes_ago)
            connection.execute(RunsTable.update().values(create_timestamp=created))


@pytest.mark.parametrize(
    ("status", "minutes_ago", "load", "is_waited_for"),
    [
        (DagsterRunStatus.STARTED, 0, "", True),
        (DagsterRunStatus.STARTED, 0, "STEP_START", True),
        (DagsterRunStatus.STARTED, 0, "STEP_SUCCESS", False),
        (DagsterRunStatus.STARTED, 50, "STEP_SUCCESS", False),
        (DagsterRunStatus.STARTING, 0, "", True),
        (DagsterRunStatus.STARTING, 30, "", False),
    ],
)
def test_a_long_run_is_waited_for_until_it_has_loaded(
    warehouse, known, status: DagsterRunStatus, minutes_ago: float, load: str, is_waited_for: bool
) -> None:
    """A drop that comes while a night's build goes on is asked for by the next tick."""
    lake = ListedLake([TODAY])
    known(lake, [])
    with DagsterInstance.ephemeral() as instance:
        long_run(instance, status, minutes_ago, load)
        result = evaluate(instance, warehouse, lake, "", NOW, JOBS)
    assert bool(result.run_requests) is not is_waited_for
    assert not is_waited_for or "nightly" in result.skip_reason.skip_message
