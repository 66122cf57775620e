"""The supervisor: keeps each process of the real-time path running, and starts one that ended again.

Quix Streams lets a worker die when its commit meets a rebalance, and a lost database ends every process in time: to
start again is the normal way on. One that ends again and again is started at longer and longer intervals.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.machine.lifetimes import tied_to_us
from orchestration.realtime.role import ARCHIVER, BRIDGE, DISPATCHER, SWEEP, WORKER
from orchestration.realtime.settings import RealtimeSettings
from orchestration.settings import PROJECT_ROOT

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 10.0
"""A process that ran so long ended for another reason than the one before."""
STOP_SECONDS = 30.0
"""The archiver writes what came since its last time; with the embedded broker it would be lost otherwise."""


@dataclass
class Supervised:
    """A process that shall run."""

    name: str
    role: str
    log_path: Path
    process: subprocess.Popen | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    restart_count: int = 0
    last_code: int | None = None


@dataclass
class Supervisor:
    """All processes of one machine."""

    environment: Mapping[str, str]
    children: list[Supervised] = field(default_factory=list)

    def add(self, name: str, role: str, logs: Path) -> Supervised:
        """A process to keep running from the next `tend` on."""
        logs.mkdir(parents=True, exist_ok=True)
        child = Supervised(name, role, logs / f"{name}.log")
        self.children.append(child)
        return child

    def tend(self) -> list[Supervised]:
        """Start what does not run; returns the processes that ended since the last call."""
        ended = []
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._mourn(child, now)
                ended.append(child)
            if child.process is None and now >= child.start_at:
                self._start(child, now)
        return ended

    def stop(self) -> None:
        """End all of them; kill those that do not leave in time."""
        running = [child for child in self.children if child.process is not None]
        for child in running:
            child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in running:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            child.process = None

    def kill(self, child: Supervised) -> int | None:
        """kill -9, as a crash would; its pid, or None when it does not run now."""
        if child.process is None or child.process.poll() is not None:
            return None
        os.kill(child.process.pid, signal.SIGKILL)
        return child.process.pid

    def _mourn(self, child: Supervised, now: float) -> None:
        child.last_code = child.process.returncode
        child.process = None
        child.restart_count += 1
        is_steady = now - child.started_at > STEADY_SECONDS
        child.pause = FIRST_PAUSE_SECONDS if is_steady else min(child.pause * 2, LONGEST_PAUSE_SECONDS)
        child.start_at = now + child.pause

    def _start(self, child: Supervised, now: float) -> None:
        with child.log_path.open("ab") as log:
            child.process = subprocess.Popen(
                [sys.executable, "-m", "orchestration.realtime.role", child.role],
                cwd=PROJECT_ROOT,
                env={**os.environ, **self.environment, **tied_to_us()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        child.started_at = now


def supervised_path(
    settings: RealtimeSettings, environment: Mapping[str, str], workers: int = 1, with_archiver: bool = True
) -> Supervisor:
    """The processes of the whole path: workers, sweep, archiver, and what the settings ask for."""
    supervisor = Supervisor(environment)
    for number in range(1, workers + 1):
        supervisor.add(f"worker-{number}", WORKER, settings.logs)
    supervisor.add(SWEEP, SWEEP, settings.logs)
    if with_archiver:
        supervisor.add(ARCHIVER, ARCHIVER, settings.logs)
    if settings.webhook_url:
        supervisor.add(DISPATCHER, DISPATCHER, settings.logs)
    if settings.bridge_prefix:
        supervisor.add(BRIDGE, BRIDGE, settings.logs)
    return supervisor
