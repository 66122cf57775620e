"""Runs of the daemon are processes that are known to live, can be stopped, and are missed when they are killed."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, execute_job, reconstructable
from dagster._core.launcher import WorkerStatus

from orchestration.resources.dagster_instance import write_dagster_config
from orchestration.resources.dead_runs import REASON, end_dead_runs
from orchestration.resources.run_launcher import HomeRunLauncher
from orchestration.resources.run_locks import is_run_alive, pid_of_run
from tests.orchestration.resources.slow_job import slow


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path))
    with DagsterInstance.from_config(str(write_dagster_config(tmp_path))) as opened:
        assert isinstance(opened.run_launcher, HomeRunLauncher)
        yield opened


def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not is_true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


def launch(instance: DagsterInstance, home: Path) -> DagsterRun:
    """A run at work."""
    (home / "at_work").unlink(missing_ok=True)
    origin = reconstructable(slow).get_python_origin()
    run = instance.create_run_for_job(slow, job_code_origin=origin)
    instance.launch_run(run.run_id, workspace=None)
    wait_until((home / "at_work").exists)
    return run


def test_a_run_can_be_stopped_and_a_killed_one_is_missed(instance: DagsterInstance, tmp_path: Path) -> None:
    launcher = instance.run_launcher
    stopped = launch(instance, tmp_path)
    assert launcher.check_run_worker_health(stopped).status == WorkerStatus.RUNNING
    assert launcher.terminate(stopped.run_id)
    wait_until(lambda: not is_run_alive(tmp_path, stopped.run_id))
    assert instance.get_run_by_id(stopped.run_id).status == DagsterRunStatus.CANCELED
    assert not launcher.terminate(stopped.run_id)

    killed = launch(instance, tmp_path)
    os.kill(pid_of_run(tmp_path, killed.run_id), signal.SIGKILL)
    wait_until(lambda: not is_run_alive(tmp_path, killed.run_id))
    assert launcher.check_run_worker_health(killed).status == WorkerStatus.NOT_FOUND
    assert launcher.get_run_worker_debug_info(killed) == REASON
    assert len(end_dead_runs(instance, tmp_path)) == 1
    assert instance.get_run_by_id(killed.run_id).status == DagsterRunStatus.FAILURE


def test_a_run_that_dagsters_own_command_executes_is_alive(
    instance: DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_SECONDS", "0")
    with execute_job(reconstructable(slow), instance=instance) as result:
        assert result.success
    assert is_run_alive(tmp_path, result.run_id), "until its process ends"
