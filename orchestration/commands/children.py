"""The processes that `warehouse up` keeps running: started, watched, started again when one crashes, ended together."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.commands.display import print_note
from orchestration.commands.errors import CommandError
from orchestration.machine.lifetimes import tied_to_us
from orchestration.machine.logs import keep_small
from orchestration.settings import PROJECT_ROOT

STOP_SECONDS = 15
READY_SECONDS = 180
RESTARTS = 3
"""Crashes of a child within CRASH_SECONDS before `up` gives up: what crashes at each start is for a person."""
CRASH_SECONDS = 600.0


@dataclass
class Child:
    """A process of `up`. One without a command cannot be started again."""

    name: str
    process: subprocess.Popen
    log_path: Path
    command: list[str] = field(default_factory=list)
    crashes: list[float] = field(default_factory=list)


class Children:
    """All processes of one `up`, in the order of their start."""

    def __init__(self, logs: Path, say: Callable[[str], None] = print_note, clock=time.monotonic) -> None:
        self._logs, self._say, self._clock = logs, say, clock
        self._children: list[Child] = []

    def start(self, name: str, module: list[str]) -> Child:
        """Start a Python module as a process group of its own, so that all it starts can be ended with it.

        Even a killed `up` leaves nothing behind: they watch it (see `command_lines`).
        """
        log_path = self._logs / f"dagster-{name.replace(' ', '-')}.log"
        log_path.parent.mkdir(parents=True, exist_ok=True)
        log_path.unlink(missing_ok=True)
        child = Child(name, _started(module, log_path), log_path, module)
        self._children.append(child)
        return child

    def adopt(self, child: Child) -> None:
        """Keep a process that another room started."""
        self._children.append(child)

    def wait_until(self, is_ready: Callable[[], bool], what: str) -> None:
        """Raises CommandError when a child ends before, or too much time passes."""
        deadline = self._clock() + READY_SECONDS
        while not is_ready():
            for child in self._children:
                _raise_if_ended(child)
            if self._clock() > deadline:
                raise CommandError(
                    f"{what} does not answer after {READY_SECONDS} s; see {self._children[-1].log_path}."
                )
            time.sleep(0.2)

    def tend(self) -> None:
        """Start again what crashed, and say so; keep logs small.

        Raises CommandError for a child that has crashed too often, or that cannot be started again.
        """
        for child in self._children:
            keep_small(child.log_path)
            code = child.process.poll()
            if code is None:
                continue
            now = self._clock()
            child.crashes = [*(crash for crash in child.crashes if now - crash < CRASH_SECONDS), now]
            if not child.command or len(child.crashes) > RESTARTS:
                _raise_if_ended(child)
            signal_group(child, signal.SIGKILL)  # What it had started, such as a run, must not live on beside the next.
            self._say(f"Dagster's {child.name} ended with exit code {code}; it is started again. Log: {child.log_path}")
            child.process = _started(child.command, child.log_path)

    def stop(self) -> None:
        """End all children and whatever they started, the last one first. A second Ctrl-C does not interrupt this."""
        former = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            for child in reversed(self._children):
                signal_group(child, signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            for child in self._children:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.0, deadline - time.monotonic()))
            # A run is in the daemon's group, and may need longer than the daemon to stop in order.
            while any(signal_group(child, 0) for child in self._children) and time.monotonic() < deadline:
                time.sleep(0.1)
            for child in self._children:
                signal_group(child, signal.SIGKILL)
                child.process.wait()
        finally:
            signal.signal(signal.SIGINT, former)


def signal_group(child: Child, sign: int) -> bool:
    """Whether the group still has a process; 0 is no signal, and only asks."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, sign)
        return True
    return False


def _started(module: list[str], log_path: Path) -> subprocess.Popen:
    with log_path.open("ab") as log:  # appending, so that it can be cut while it is written
        return subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=PROJECT_ROOT,
            env=os.environ | tied_to_us(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _raise_if_ended(child: Child) -> None:
    code = child.process.poll()
    if code is not None:
        raise CommandError(f"'{child.name}' ended by itself with exit code {code}; see {child.log_path}.")
