"""Keeps Dagster's own records within bounds: `warehouse up` forgets runs, and the logs of ticks, that are old.

A run of all models leaves 8 MB, and there may be one every ten minutes. What the warehouse itself did stays on record
in `ops`, and when an asset was built last is still known to Dagster.
"""

import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from orchestration.resources.dagster_storage import PooledEventLogStorage

KEPT_RUN_DAYS = 30
"""Days that a finished run stays. Range 1..365. At 144 runs a day, of 2 MB each, thirty days are 9 GB."""
KEPT_TICK_DAYS = 7
"""Days that the log of a tick stays: a file of its own for each, 1,440 a day and sensor."""
RUNS_AT_ONCE = 100
TICK_LOGS = "__repository__"


def forget_old_runs(instance: DagsterInstance, now: datetime) -> int:
    """Delete the oldest finished runs, with their events and logs; how many. Records elsewhere, as in a PostgreSQL that
    a team shares, are left alone."""
    if not isinstance(instance.event_log_storage, PooledEventLogStorage):
        return 0
    ended = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
    old = RunsFilter(statuses=ended, updated_before=now - timedelta(days=KEPT_RUN_DAYS))
    runs = instance.get_run_records(old, limit=RUNS_AT_ONCE, ascending=True)
    for record in runs:
        run_id = record.dagster_run.run_id
        instance.delete_run(run_id)
        shutil.rmtree(Path(instance.storage_directory()) / run_id, ignore_errors=True)
    return len(runs)


def forget_old_tick_logs(storage: Path, now: float | None = None) -> int:
    """Delete logs of ticks below Dagster's storage folder that were written more than KEPT_TICK_DAYS ago; how many."""
    limit = (now or time.time()) - KEPT_TICK_DAYS * 86400
    count = 0
    for file in (storage / TICK_LOGS).rglob("*"):
        with suppress(FileNotFoundError):
            if file.is_file() and file.stat().st_mtime < limit:
                file.unlink()
                count += 1
    return count


def tidy(instance: DagsterInstance) -> None:
    """One look, which takes a moment."""
    forget_old_runs(instance, datetime.now(UTC))
    forget_old_tick_logs(Path(instance.storage_directory()))
