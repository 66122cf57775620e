"""Runs whose process is gone are told to Dagster; those that live never are."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.utils import make_new_run_id

from orchestration.machine.locks import take_lock
from orchestration.resources import dead_runs
from orchestration.resources.dagster_instance import write_dagster_config
from orchestration.resources.dead_runs import end_dead_runs
from orchestration.resources.run_locks import is_run_alive, lock_path, pid_of_run, take_run_lock, write_pid

RUN = """
import sys, time
from pathlib import Path
from orchestration.resources.run_locks import be_run
be_run(Path(sys.argv[1]), sys.argv[2])
print("is a run", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(dead_runs, "GRACE_SECONDS", 0.0)
    return tmp_path


@pytest.fixture
def instance(home: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(str(write_dagster_config(home))) as opened:
        yield opened


def record(instance: DagsterInstance, status: DagsterRunStatus = DagsterRunStatus.STARTED) -> str:
    return instance.add_run(DagsterRun("nightly", run_id=make_new_run_id(), status=status)).run_id


def status_of(instance: DagsterInstance, run_id: str) -> DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def start_run(home: Path, run_id: str) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(home), run_id], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "is a run\n"
    return process


def test_a_killed_run_is_failed_and_one_that_lives_is_not(instance: DagsterInstance, home: Path) -> None:
    killed, living, ended = (record(instance) for _ in range(3))
    processes = [start_run(home, run_id) for run_id in (killed, living, ended)]
    assert end_dead_runs(instance, home) == []
    assert pid_of_run(home, killed) == processes[0].pid
    processes[0].send_signal(signal.SIGKILL)
    processes[0].wait()
    processes[2].communicate()
    assert not lock_path(home, ended).exists(), "a run that ends in order leaves nothing"
    instance.report_run_failed(instance.get_run_by_id(ended))
    assert end_dead_runs(instance, home) == [f"Run {killed[:8]} of nightly was killed; it is now marked as failed."]
    assert status_of(instance, killed) == DagsterRunStatus.FAILURE
    assert status_of(instance, living) == DagsterRunStatus.STARTED
    assert [path.stem for path in (home / "runs").iterdir()] == [living]
    assert end_dead_runs(instance, home) == []
    processes[1].communicate()


def test_a_pid_that_another_process_has_now_does_not_keep_a_run_alive(instance: DagsterInstance, home: Path) -> None:
    run_id = record(instance)
    lock = take_run_lock(home, run_id)
    assert lock is not None
    write_pid(lock, os.getpid())
    assert end_dead_runs(instance, home) == []
    os.close(lock)
    assert pid_of_run(home, run_id) is None
    assert len(end_dead_runs(instance, home)) == 1


def test_a_file_of_a_run_is_never_seen_without_its_lock(home: Path) -> None:
    lock = take_run_lock(home, "run")
    assert is_run_alive(home, "run")
    assert take_run_lock(home, "run") is None
    assert [path.name for path in (home / "runs").iterdir()] == ["run.lock"]
    os.close(lock)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DagsterRunStatus.NOT_STARTED, DagsterRunStatus.FAILURE),
        (DagsterRunStatus.STARTING, DagsterRunStatus.FAILURE),
        (DagsterRunStatus.CANCELING, DagsterRunStatus.CANCELED),
        (DagsterRunStatus.SUCCESS, DagsterRunStatus.SUCCESS),
    ],
)
def test_a_run_without_a_process_by_its_status(
    instance: DagsterInstance, home: Path, before: DagsterRunStatus, after: DagsterRunStatus
) -> None:
    run_id = record(instance, before)
    end_dead_runs(instance, home)
    assert status_of(instance, run_id) == after


def test_a_run_that_has_yet_to_start_is_left_to_the_daemon(instance: DagsterInstance, home: Path) -> None:
    run_id = record(instance, DagsterRunStatus.STARTING)
    lock = take_lock(home / "up.lock")
    assert end_dead_runs(instance, home) == []
    assert len(end_dead_runs(instance, home, is_up_starting=True)) == 1
    assert status_of(instance, run_id) == DagsterRunStatus.FAILURE
    os.close(lock)


def test_a_pool_slot_that_a_former_version_left_taken_is_freed(instance: DagsterInstance, home: Path) -> None:
    storage, run_id = instance.event_log_storage, record(instance)
    storage.set_concurrency_slots("dbt_build", 1)
    assert storage.claim_concurrency_slot("dbt_build", run_id, "build_models").is_claimed
    end_dead_runs(instance, home)
    assert storage.get_concurrency_info("dbt_build").active_slot_count == 0
    assert storage.get_concurrency_run_ids() == set()
