"""A job for the launcher to start: it says that it is at work, and takes long."""

import os
import time
from pathlib import Path

from dagster import OpExecutionContext, job, op

from orchestration.resources.executor import one_process
from orchestration.resources.run_locks import pid_of_run


@op
def sleep(context: OpExecutionContext) -> None:
    home = Path(os.environ["WAREHOUSE_HOME"])
    assert pid_of_run(home, context.run_id) == os.getpid(), "a run is alive while it works"
    (home / "at_work").touch()
    time.sleep(float(os.environ.get("SLEEP_SECONDS", "60")))


@job(executor_def=one_process)
def slow():
    sleep()
