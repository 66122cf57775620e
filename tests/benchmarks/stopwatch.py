"""What a piece of work costs: seconds, CPU seconds of the engine and of this process, and the engine's peak memory.

The engine's processor time and memory are its process's own, background merges included: they are part of the price.
Those of this process include the children that end meanwhile, such as dbt, and all that these started.
"""

import functools
import importlib
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import psutil

SAMPLE_SECONDS = 0.02
MIB = 1 << 20


class BenchmarkError(Exception):
    """The benchmark cannot measure what it is meant to; the message says what it met."""


@dataclass(frozen=True)
class Cost:
    """Of one piece of work, or of several after each other."""

    seconds: float = 0.0
    engine_cpu_seconds: float = 0.0
    own_cpu_seconds: float = 0.0
    peak_mib: float = 0.0

    @property
    def cpu_seconds(self) -> float:
        return self.engine_cpu_seconds + self.own_cpu_seconds

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.seconds + other.seconds,
            self.engine_cpu_seconds + other.engine_cpu_seconds,
            self.own_cpu_seconds + other.own_cpu_seconds,
            max(self.peak_mib, other.peak_mib),
        )

    def __sub__(self, other: "Cost") -> "Cost":
        """What remains when the other was a part of this."""
        return Cost(
            max(self.seconds - other.seconds, 0.0),
            max(self.engine_cpu_seconds - other.engine_cpu_seconds, 0.0),
            max(self.own_cpu_seconds - other.own_cpu_seconds, 0.0),
            self.peak_mib,
        )


def best(costs: Sequence[Cost]) -> Cost:
    """The least of each figure: other work on the machine only ever adds to them. The peak is the highest."""
    return Cost(
        min(cost.seconds for cost in costs),
        min(cost.engine_cpu_seconds for cost in costs),
        min(cost.own_cpu_seconds for cost in costs),
        max(cost.peak_mib for cost in costs),
    )


def children_cpu() -> float:
    """CPU seconds of all children that have ended and been waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Stopwatch:
    """Takes the cost of work that an engine does for this process."""

    def __init__(self, engine_pid: int) -> None:
        self._engine = psutil.Process(engine_pid)

    @contextmanager
    def taking(self, tell: Callable[[Cost], None]) -> Iterator[None]:
        """Tell the cost of the block when it ends well."""
        engine_before, own_before = self._engine_cpu(), _own_cpu()
        started = time.monotonic()
        with self._peak() as peak:
            yield
        seconds = time.monotonic() - started
        own = _own_cpu() - own_before
        tell(Cost(seconds, self._engine_cpu() - engine_before, own, peak[0] / MIB))

    def cost_of(self, work: Callable[[], object]) -> Cost:
        costs: list[Cost] = []
        with self.taking(costs.append):
            work()
        return costs[0]

    def memory_mib(self) -> float:
        return self._engine.memory_info().rss / MIB

    def _engine_cpu(self) -> float:
        times = self._engine.cpu_times()
        return times.user + times.system

    @contextmanager
    def _peak(self) -> Iterator[list[int]]:
        """The highest resident memory seen; the kernel's own mark cannot be set back on every system."""
        peak = [self._engine.memory_info().rss]
        is_over = threading.Event()

        def watch() -> None:
            while not is_over.wait(SAMPLE_SECONDS):
                peak[0] = max(peak[0], self._engine.memory_info().rss)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield peak
        finally:
            is_over.set()
            watcher.join()


def _own_cpu() -> float:
    return time.process_time() + children_cpu()


STEPS = {
    "discover": "discover.discover",
    "plan": "plan.write_plan",
    "land": "land.land",
    "audit": "audit.audit",
    "commit": "commit.commit",
    "gate": "gate.judge_new_loads",
}
"""Step of a load → its function below `orchestration.loading.steps`."""
REST = "everything else"
ROOM = "orchestration.loading"


@contextmanager
def timed_steps(stopwatch: Stopwatch) -> Iterator[dict[str, Cost]]:
    """The cost of each step of the loads inside the block, and of the rest of the block, known when it ends.

    The functions are replaced wherever the room has them by name. A step that runs inside another counts there only.
    """
    costs = dict.fromkeys(STEPS, Cost())
    running: list[str] = []

    def timed(step: str, function: Callable) -> Callable:
        @functools.wraps(function)
        def run(*args, **kwargs):
            if running:
                return function(*args, **kwargs)
            running.append(step)
            try:
                with stopwatch.taking(lambda cost: costs.update({step: costs[step] + cost})):
                    return function(*args, **kwargs)
            finally:
                running.pop()

        return run

    with ExitStack() as stack:
        for step, place in STEPS.items():
            module, _, name = place.partition(".")
            function = getattr(importlib.import_module(f"{ROOM}.steps.{module}"), name, None)
            if function is None:
                raise BenchmarkError(f"{ROOM}.steps.{place}, the step '{step}' of a load, is gone: correct STEPS.")
            replacement = timed(step, function)
            for user in [module for path, module in sys.modules.items() if path.startswith(ROOM)]:
                for attribute in [key for key, value in vars(user).items() if value is function]:
                    stack.enter_context(patch.object(user, attribute, replacement))
        whole: list[Cost] = []
        with stopwatch.taking(whole.append):
            yield costs
    costs[REST] = whole[0] - sum(costs.values(), Cost())
