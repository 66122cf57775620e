"""What a command and all processes that it starts cost, at every moment of it.

CPU seconds are read a few times a second and counted up for the whole tree, so that a moment that is known only
afterwards, as from Dagster's log, has its figure too. Processes that ended in between are in their parents' figures.
"""

import ctypes
import sys
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field

import psutil

from tests.benchmarks.stopwatch import MIB, BenchmarkError, Cost, children_cpu

SAMPLE_SECONDS = 0.2
MEMORY_SECONDS = 1.0
END_SECONDS = 30
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class CostLine:
    """Moments of the wall clock, ascending, and what the command had cost by each of them."""

    moments: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    peak_mib: float = 0.0
    """Of all its processes together; what they share counts once."""

    def add(self, moment: float, cpu_seconds: float) -> None:
        """The figure never falls: a process that no parent waited for would take its time with it."""
        self.moments.append(moment)
        self.cpu_seconds.append(max([cpu_seconds, *self.cpu_seconds[-1:]]))

    def cpu_at(self, moment: float) -> float:
        """CPU seconds by this moment, on the straight line between two samples."""
        place = bisect_left(self.moments, moment)
        if place == 0:
            return self.cpu_seconds[0]
        if place == len(self.moments):
            return self.cpu_seconds[-1]
        before, after = self.moments[place - 1], self.moments[place]
        share = (moment - before) / (after - before)
        return self.cpu_seconds[place - 1] + share * (self.cpu_seconds[place] - self.cpu_seconds[place - 1])

    def between(self, start: float, end: float) -> Cost:
        return Cost(end - start, own_cpu_seconds=self.cpu_at(end) - self.cpu_at(start))


def adopt_orphans() -> None:
    """Have processes that lose their parent become ours, so that their CPU time is counted; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wait_for_orphans(but: psutil.Process | None = None) -> None:
    """Wait for orphans that have become our children."""
    for child in psutil.Process().children():
        if but is None or child.pid != but.pid:
            try:
                child.wait(END_SECONDS)
            except psutil.TimeoutExpired as error:
                raise BenchmarkError(f"{' '.join(child.cmdline())} does not end.") from error


class TreeWatch:
    """Samples our children, and all that they start, until told to stop."""

    def __init__(self) -> None:
        self.line = CostLine()
        self._before = children_cpu()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.line.add(time.time(), 0.0)
        self._thread.start()

    def stop(self) -> CostLine:
        """The line, whose end is exact when all children have ended and been waited for."""
        self._is_over.set()
        self._thread.join()
        self.line.add(time.time(), children_cpu() - self._before)
        return self.line

    def _watch(self) -> None:
        next_memory = 0.0
        while not self._is_over.wait(SAMPLE_SECONDS):
            processes = psutil.Process().children(recursive=True)
            ended = children_cpu() - self._before
            self.line.add(time.time(), ended + sum(_cpu(process) for process in processes))
            if time.monotonic() >= next_memory:
                next_memory = time.monotonic() + MEMORY_SECONDS
                together = sum(_memory(process) for process in processes) / MIB
                self.line.peak_mib = max(self.line.peak_mib, together)


def _cpu(process: psutil.Process) -> float:
    """Its CPU seconds and those of its children that have ended."""
    try:
        return sum(process.cpu_times()[:4])
    except psutil.Error:
        return 0.0


def _memory(process: psutil.Process) -> int:
    """Bytes, of shared ones its part; all that is resident where the system does not tell the parts."""
    try:
        whole = process.memory_full_info()
        return getattr(whole, "pss", whole.rss)
    except psutil.Error:
        return 0
