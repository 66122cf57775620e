"""Which runs are alive: each holds a lock on a file of its own, in `runs` of the home, as long as its process lives.

The file is removed when a run ends in order. One that is left without a lock belongs to a run whose process was killed.
"""

import atexit
import os
from pathlib import Path

from orchestration.machine.locks import is_locked, take_lock

_ENDING = ".lock"
# A process that asks whether a run is alive holds its lock for some microseconds.
_TAKE_SECONDS = 1.0


def lock_path(home: Path, run_id: str) -> Path:
    return home / "runs" / f"{run_id}{_ENDING}"


def take_run_lock(home: Path, run_id: str) -> int | None:
    """The descriptor of the run's lock; None when another process has it. A child that inherits it has it as well."""
    path = lock_path(home, run_id)
    if path.exists():
        return take_lock(path, _TAKE_SECONDS)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Locked before it has its name: a file without a lock is one of a dead run.
    beside = path.with_suffix(f".{os.getpid()}")
    lock = take_lock(beside, _TAKE_SECONDS)
    beside.replace(path)
    return lock


def write_pid(lock: int, pid: int) -> None:
    """Say which process the run is; true only while the lock is held."""
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(pid).encode(), 0)


def remove_run_lock(home: Path, run_id: str) -> None:
    lock_path(home, run_id).unlink(missing_ok=True)


def be_run(home: Path, run_id: str) -> None:
    """This process is the run until it ends. The lock was inherited, or is taken now.

    It is not given back when the steps are done: Dagster has the run's end to record after them.
    """
    if pid_of_run(home, run_id) != os.getpid():
        lock = take_run_lock(home, run_id)
        if lock is None:
            raise RuntimeError(f"Run {run_id} is already running, in process {pid_of_run(home, run_id)}.")
        write_pid(lock, os.getpid())
    atexit.register(remove_run_lock, home, run_id)


def is_run_alive(home: Path, run_id: str) -> bool:
    return is_locked(lock_path(home, run_id))


def was_run_killed(home: Path, run_id: str) -> bool:
    """Whether the run's file is left without its lock."""
    path = lock_path(home, run_id)
    return path.exists() and not is_locked(path)


def pid_of_run(home: Path, run_id: str) -> int | None:
    """The process of a living run."""
    try:
        pid = int(lock_path(home, run_id).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return pid if is_run_alive(home, run_id) else None


def killed_runs(home: Path) -> list[str]:
    """Ids of the runs whose process was killed and which Dagster was not yet told of. Costs no import of Dagster."""
    paths = sorted((home / "runs").glob(f"*{_ENDING}"))
    return [path.name.removesuffix(_ENDING) for path in paths if not is_locked(path)]
