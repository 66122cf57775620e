"""The sensor from a tick to a service that takes its message."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, build_sensor_context
from dagster._core.test_utils import create_run_for_test

from orchestration.alerts.channel import LOG, wrong_urls
from orchestration.alerts.problems import Problem
from orchestration.commands.alerts import send_test
from orchestration.commands.errors import CommandError
from orchestration.resources.connections import WarehouseResource
from orchestration.sensors import alerts
from orchestration.sensors.alerts import define_alerts_sensor, failed_runs

PROBLEM = Problem("held:web", "1 file is held.", "", "Look.", datetime(2026, 1, 5, tzinfo=UTC))


@pytest.fixture
def tick(empty_home: Path, receiver, monkeypatch: pytest.MonkeyPatch):
    """tick(problems) is one evaluation that finds these."""
    monkeypatch.setenv("ALERT_URLS", receiver.url)
    sensor = define_alerts_sensor(("nightly",))
    cursor = [""]
    with DagsterInstance.ephemeral() as instance:

        def evaluate(*problems: Problem):
            monkeypatch.setattr(alerts, "problems_now", lambda *_: list(problems))
            context = build_sensor_context(
                instance, cursor=cursor[0], resources={"warehouse": WarehouseResource()}, sensor_name=sensor.name
            )
            result = sensor.evaluate_tick(context)
            cursor[0] = result.cursor
            return result

        yield evaluate


def test_a_tick_tells_the_service_once(tick, receiver, empty_home: Path) -> None:
    for problems in ([PROBLEM], [PROBLEM], [PROBLEM], [], []):
        tick(*problems)
    first, last = receiver.messages
    assert "1 new problem" in first["title"]
    assert "1 file is held." in first["message"]
    assert "1 is over" in last["title"]
    assert (empty_home / LOG).read_text().count("1 file is held.") == 2


def test_a_service_that_does_not_answer_is_told_with_the_next_tick(tick, receiver) -> None:
    receiver.status = 500
    tick(PROBLEM)
    tick(PROBLEM)
    tick(PROBLEM)
    assert receiver.messages == []
    receiver.status = 200
    tick(PROBLEM)
    tick(PROBLEM)
    assert len(receiver.messages) == 1


def test_an_engine_that_is_down_is_a_problem(empty_home: Path) -> None:
    with DagsterInstance.ephemeral() as instance:
        [problem] = alerts.problems_now(WarehouseResource(), instance, ("nightly",), empty_home)
    assert problem.key == "service:unreachable"
    assert "No local services" in problem.detail


@pytest.mark.parametrize(("statuses", "failed"), [(["FAILURE"], True), (["FAILURE", "SUCCESS"], False), ([], False)])
def test_the_last_finished_run_decides(statuses: list[str], failed: bool, tmp_path: Path) -> None:
    (tmp_path / "up.url").write_text("http://127.0.0.1:3000\n")
    with DagsterInstance.ephemeral() as instance:
        for status in statuses:
            create_run_for_test(instance, job_name="nightly", status=DagsterRunStatus[status])
        runs = failed_runs(instance, ("nightly", "weekly"), tmp_path)
    assert [run.job for run in runs] == ["nightly"] * failed
    assert all(run.link.startswith("http://127.0.0.1:3000/runs/") for run in runs)


def test_the_test_message(empty_home: Path, receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_URLS", receiver.url)
    assert send_test() == 0
    assert "test" in receiver.messages[0]["message"]
    receiver.status = 500
    with pytest.raises(CommandError, match="did not reach every channel"):
        send_test()


@pytest.mark.parametrize(("urls", "message"), [("", "is not set"), ("json://localhost nothing:at-all", "Address 2")])
def test_what_is_wrong_with_the_setting_is_said(
    urls: str, message: str, empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_URLS", urls)
    with pytest.raises(CommandError, match=message):
        send_test()
    assert wrong_urls(["mailtos://user:password@example.org"]) == []
