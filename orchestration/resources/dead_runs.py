"""Tells Dagster of runs that seem to go on, and whose process is gone: killed, out of memory, or at a power cut.

Such a run would keep the daemon from starting another, and the sensor from asking for one.
"""

import time
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunRecord, RunsFilter

from orchestration.machine.locks import is_locked
from orchestration.resources.run_locks import is_run_alive, killed_runs, remove_run_lock, was_run_killed

GRACE_SECONDS = 5.0
"""A run that Dagster's own commands start holds its lock a moment after it is recorded."""
NOT_YET_RUNNING = (DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING)
UNFINISHED = [*NOT_YET_RUNNING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
REASON = (
    "The process of this run is gone, and did not say why: it was killed, memory or disk ran out, or the machine "
    "stopped. What it had not published is not visible; the next run makes up for it."
)


def end_dead_runs(instance: DagsterInstance, home: Path, is_up_starting: bool = False) -> list[str]:
    """Mark dead runs as failed and free what they held; returns a sentence for each.

    A run is dead when no process holds its lock. One without a lock's file is looked at when it is GRACE_SECONDS old,
    and while `warehouse up` runs, one that has yet to start is left to its daemon.
    """
    is_daemon_running = is_locked(home / "up.lock") and not is_up_starting
    ended = []
    for record in instance.get_run_records(RunsFilter(statuses=UNFINISHED)):
        run = record.dagster_run
        if is_run_alive(home, run.run_id):
            continue
        if not was_run_killed(home, run.run_id):
            if is_daemon_running and run.status in NOT_YET_RUNNING:
                continue
            _let_it_grow_old(record)
        if _end(instance, home, run.run_id):
            ended.append(f"Run {run.run_id[:8]} of {run.job_name} was killed; it is now marked as failed.")
    _tidy(instance, home)
    return ended


def _let_it_grow_old(record: RunRecord) -> None:
    age = time.time() - record.update_timestamp.timestamp()
    # A moment in the future is a clock that was set back.
    time.sleep(min(max(GRACE_SECONDS - age, 0.0), GRACE_SECONDS))


def _end(instance: DagsterInstance, home: Path, run_id: str) -> bool:
    """Whether the run is still unfinished and dead; then it is marked. Its end may have come while we looked."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.is_finished or run.status == DagsterRunStatus.QUEUED or is_run_alive(home, run_id):
        return False
    if run.status == DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, REASON)
    else:
        instance.report_run_failed(run, REASON)
    return True


def _tidy(instance: DagsterInstance, home: Path) -> None:
    """Remove the locks' files of runs that are over, and free the pool slots that former versions left taken."""
    for run_id in killed_runs(home):
        remove_run_lock(home, run_id)
    for run_id in instance.event_log_storage.get_concurrency_run_ids():
        if not is_run_alive(home, run_id):
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)
