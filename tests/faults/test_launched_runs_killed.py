"""A run of the daemon is killed at a random moment, or the daemon, or both: Dagster hears of it, nothing stays behind.

The run does next to nothing, so that many kills fit into minutes: what is tested is how its death is noticed.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from orchestration.machine.locks import is_locked
from orchestration.resources.dagster_instance import write_dagster_config
from orchestration.resources.dead_runs import UNFINISHED, end_dead_runs

DAEMON = """
import sys, time
from dagster import DagsterInstance, reconstructable
from tests.orchestration.resources.slow_job import slow
with DagsterInstance.from_config(sys.argv[1]) as instance:
    while True:
        run = instance.create_run_for_job(slow, job_code_origin=reconstructable(slow).get_python_origin())
        instance.launch_run(run.run_id, workspace=None)
        while not instance.get_run_by_id(run.run_id).is_finished:
            time.sleep(0.1)
"""
ORPHAN_SECONDS = 15


def processes_of(home: Path) -> list[psutil.Process]:
    ours = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("WAREHOUSE_HOME") == str(home):
                ours.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return ours


@pytest.mark.faults
@pytest.mark.timeout(24 * 3600)
def test_a_killed_run_of_the_daemon_is_missed(tmp_path: Path, fault_count: int, fault_seed: int) -> None:
    chance = random.Random(fault_seed)
    dagster_home = write_dagster_config(tmp_path)
    environment = os.environ | {"WAREHOUSE_HOME": str(tmp_path), "SLEEP_SECONDS": "2"}
    hit = {"run_worker": 0, "daemon": 0, "both": 0}
    deaths = succeeded = 0
    for _ in range(fault_count):
        daemon = subprocess.Popen([sys.executable, "-c", DAEMON, str(dagster_home)], env=environment)
        time.sleep(chance.uniform(1, 20))
        victim = chance.choice(list(hit))
        workers = [process for process in processes_of(tmp_path) if "run_worker" in " ".join(process.cmdline())]
        for process in [daemon] * (victim != "run_worker") + workers * (victim != "daemon"):
            process.kill()
        hit[victim] += victim == "daemon" or bool(workers)
        deadline = time.monotonic() + ORPHAN_SECONDS
        if victim == "run_worker":
            time.sleep(1)
            daemon.kill()
        daemon.wait()
        while processes_of(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert processes_of(tmp_path) == []
        with DagsterInstance.from_config(str(dagster_home)) as instance:
            deaths += len(end_dead_runs(instance, tmp_path))
            assert instance.get_runs(RunsFilter(statuses=UNFINISHED)) == []
            succeeded = instance.get_runs_count(RunsFilter(statuses=[DagsterRunStatus.SUCCESS]))
        assert [path for path in (tmp_path / "runs").glob("*") if is_locked(path)] == []
    print(f"{hit}: {deaths} dead runs were marked as failed, {succeeded} runs succeeded between", flush=True)
