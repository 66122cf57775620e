"""Ticks of sensor and schedule as the daemon evaluates them: nothing new, an outage, an engine that is down."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from dagster import (
    DagsterRunStatus,
    RunRequest,
    SkipReason,
    build_schedule_context,
    build_sensor_context,
)
from dagster._core.test_utils import create_run_for_test, instance_for_test

from orchestration.assets.dbt_project import build_fingerprint
from orchestration.definitions import defs
from orchestration.loading import load_pending, record_build
from orchestration.loading.ledger.entries import server_now
from orchestration.resources.connections import LakeResource, QueueResource, WarehouseResource
from orchestration.schedules import cadences
from tests.passing_judge import judge_by

TICK_SECONDS = 1.0
RESOURCES = {"warehouse": WarehouseResource(), "lake": LakeResource(), "queue": QueueResource()}


@pytest.fixture
def instance():
    with instance_for_test() as ephemeral:
        yield ephemeral


@pytest.fixture
def sensor(instance, settings, monkeypatch) -> Callable[[], object]:
    monkeypatch.setattr("orchestration.resources.connections.load_settings", lambda: settings)
    look = defs.resolve_sensor_def("drops_sensor")

    def tick():
        with build_sensor_context(instance, resources=RESOURCES, sensor_name="drops_sensor") as context:
            return look(context)

    return tick


@pytest.fixture
def schedule(instance, settings, monkeypatch) -> Callable[[], RunRequest | SkipReason]:
    monkeypatch.setattr("orchestration.resources.connections.load_settings", lambda: settings)
    asks = defs.resolve_schedule_def("near_real_time_schedule")

    def tick():
        resources = {name: RESOURCES[name] for name in ("warehouse", "lake")}
        with build_schedule_context(instance, resources=resources) as context:
            return asks(context)

    return tick


def test_six_hours_without_a_tick_make_one_run(
    warehouse, lake, settings, put, statement, instance, sensor, schedule, monkeypatch
) -> None:
    """Whatever came meanwhile is in one run, and the schedule asks for none beside it."""
    record_build(warehouse, "nightly", "success", build_fingerprint(warehouse))
    today = server_now(warehouse)
    for number in range(36):
        day = (today - timedelta(minutes=10 * number)).date()
        put(f"events/web/dt={day:%Y-%m-%d}/{number}.ndjson", [statement(number)])
    assert len(sensor().run_requests) == 1
    assert isinstance(schedule(), SkipReason), "what came is the sensor's"
    run = create_run_for_test(instance, "near_real_time", status=DagsterRunStatus.STARTED)
    assert not sensor().run_requests
    assert "A run of near_real_time is started" in schedule().skip_message
    judge_by(monkeypatch)
    assert load_pending(warehouse, lake, settings).object_count == 36
    record_build(warehouse, "near_real_time", "success", build_fingerprint(warehouse))
    instance.report_run_canceled(run)
    assert not sensor().run_requests
    assert isinstance(schedule(), SkipReason)


def test_a_tick_with_nothing_new_costs_less_than_a_second(warehouse, sensor, schedule) -> None:
    """CPU seconds of this process, the quickest of three: other work on the machine is not the tick's."""
    for tick in (sensor, schedule):
        seconds = []
        for _ in range(3):
            started = time.process_time()
            tick()
            seconds.append(time.process_time() - started)
        assert min(seconds) < TICK_SECONDS


def test_what_was_loaded_and_not_built_is_the_schedules(warehouse, sensor, schedule) -> None:
    record_build(warehouse, "near_real_time", "failure", build_fingerprint(warehouse))
    assert not sensor().run_requests
    assert isinstance(schedule(), RunRequest)


def test_where_the_sensor_is_off_the_schedule_looks_at_the_lake(
    warehouse, put, statement, schedule, monkeypatch
) -> None:
    record_build(warehouse, "near_real_time", "success", build_fingerprint(warehouse))
    put(f"events/web/dt={server_now(warehouse):%Y-%m-%d}/later.ndjson", [statement(99)])
    assert isinstance(schedule(), SkipReason)
    monkeypatch.setattr(cadences, "is_sensor_on", lambda instance: False)
    assert isinstance(schedule(), RunRequest)


def test_an_engine_that_is_down_is_a_reason_and_no_error(settings, sensor, schedule, monkeypatch) -> None:
    down = replace(settings, clickhouse=replace(settings.clickhouse, host="127.0.0.1", port=1))
    monkeypatch.setattr("orchestration.resources.connections.load_settings", lambda: down)
    assert "127.0.0.1:1" in sensor().skip_reason.skip_message
    assert "127.0.0.1:1" in schedule().skip_message
