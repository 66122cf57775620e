"""Starts the runs that Dagster's daemon and UI ask for, each as a process that holds the lock of its run.

Dagster's own launcher knows nothing of a run once it is started: killed, it seems to go on until its time is up.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Self

from dagster import DagsterInstance, DagsterRun
from dagster._config.config_schema import UserConfigSchema
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import ConfigurableClass, ConfigurableClassData, serialize_value

from orchestration.machine.lifetimes import tied_to_us
from orchestration.resources.dead_runs import REASON
from orchestration.resources.run_locks import (
    is_run_alive,
    pid_of_run,
    remove_run_lock,
    take_run_lock,
    write_pid,
)
from orchestration.settings import PROJECT_ROOT, warehouse_home


class HomeRunLauncher(RunLauncher[DagsterInstance], ConfigurableClass):
    """Runs are processes of this machine; `runs` in the home says which of them live."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        return cls(inst_data, **config_value)

    def launch_run(self, context: LaunchRunContext) -> None:
        """The process has the lock before it begins. It stays in our group, so that it is ended with us."""
        run, home = context.dagster_run, warehouse_home()
        origin = context.job_code_origin
        if origin is None:
            raise ValueError(f"Run {run.run_id} of {run.job_name} does not say which code it runs.")
        arguments = ExecuteRunArgs(origin, run.run_id, self._instance.get_ref(), set_exit_code_on_failure=True)
        lock = take_run_lock(home, run.run_id)
        if lock is None:
            raise RuntimeError(f"Run {run.run_id} of {run.job_name} is already running.")
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "orchestration.resources.run_worker", run.run_id, serialize_value(arguments)],
                cwd=PROJECT_ROOT,
                env=os.environ | tied_to_us(),
                stdin=subprocess.DEVNULL,
                pass_fds=(lock,),
            )
            write_pid(lock, process.pid)
        except OSError:
            remove_run_lock(home, run.run_id)
            raise
        finally:
            os.close(lock)

    def terminate(self, run_id: str) -> bool:
        """Ask the run's process to stop, whichever process started it; False without one."""
        run = self._instance.get_run_by_id(run_id)
        pid = pid_of_run(warehouse_home(), run_id)
        if run is None or run.is_finished or pid is None:
            return False
        self._instance.report_run_canceling(run)
        os.kill(pid, signal.SIGTERM)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        is_alive = is_run_alive(warehouse_home(), run.run_id)
        return CheckRunHealthResult(WorkerStatus.RUNNING if is_alive else WorkerStatus.NOT_FOUND)

    def get_run_worker_debug_info(self, run: DagsterRun, include_container_logs: bool | None = True) -> str | None:
        return None if is_run_alive(warehouse_home(), run.run_id) else REASON
