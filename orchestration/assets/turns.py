"""Runs of one home take turns: one load at a time, one build at a time.

By locks, which vanish with the process that holds them. Dagster's pools would do the same, but the slot of a run that
was killed stays taken, and every later run waits for it without an end.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from dagster import Failure, OpExecutionContext

from orchestration.assets.run_events import tell_wait
from orchestration.machine.locks import LockTimeout, held_lock
from orchestration.machine.private import make_private
from orchestration.resources.dagster_instance import MAX_RUN_SECONDS

LOADING, BUILDING = "loading", "building"
_LOCKS = {LOADING: "load.lock", BUILDING: "build.lock"}


@contextmanager
def turn(context: OpExecutionContext, home: Path, what: str, limit_seconds: float = MAX_RUN_SECONDS) -> Iterator[None]:
    """The right to load or to build for the length of a block; waits for the run that has it, and says for which.

    Raises Failure when that run still has it after `limit_seconds`: by then the daemon would have ended it.
    """
    make_private(home)
    me = f"run {context.run.run_id[:8]} of {context.job_name} (process {os.getpid()})"

    def holder() -> str:
        return f"{me}, which has been {what} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"

    try:
        with held_lock(home / _LOCKS[what], holder, partial(tell_wait, context), limit_seconds):
            yield
    except LockTimeout as error:
        raise Failure(
            f"This run waited in vain: {error} End that process if it stands still, then run again.",
            allow_retries=False,
        ) from error
