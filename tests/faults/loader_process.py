"""A loader as a process of its own: the real `load_pending`, started fast enough to be killed a hundred times.

The processes are forked from a server that has imported the product already: a fork takes 30 ms, a start 600 ms.
"""

import importlib
import multiprocessing
import sys
import time
import traceback
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from multiprocessing.connection import Connection

from orchestration.loading import load_pending
from orchestration.loading.steps import gate
from orchestration.resources.lake import connect_lake
from orchestration.resources.warehouse import connect
from orchestration.settings import Settings
from tests.passing_judge import PassingJudge, count_lines

JOIN_SECONDS = 90
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["orchestration.loading", "orchestration.resources.lake", "clickhouse_connect"])


@dataclass(frozen=True)
class Orders:
    """How this loader differs from any other."""

    clock_hours: float = 0.0
    """How far its machine's clock is ahead; negative: behind."""
    has_real_gate: bool = False
    """Judge with staging's verdict and Great Expectations, which takes seconds."""


@dataclass(frozen=True)
class Outcome:
    """How a loader ended: `error` is empty after a load that went through; a killed one has no outcome at all."""

    error: str = ""
    is_explained: bool = True
    """Whether the error was one that tells a person what to do (a WarehouseError)."""
    object_count: int = 0


class Loader:
    """A running loader."""

    def __init__(self, settings: Settings, orders: Orders) -> None:
        self._answers, theirs = _context.Pipe(duplex=False)
        self.process = _context.Process(target=_load, args=(settings, orders, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def is_alive(self) -> bool:
        return self.process.is_alive()

    def kill(self) -> bool:
        """SIGKILL; False when it had ended already."""
        was_alive = self.process.is_alive()
        self.process.kill()
        self.process.join(JOIN_SECONDS)
        return was_alive

    def join(self) -> Outcome | None:
        """Wait for its end; None when it was killed."""
        self.process.join(JOIN_SECONDS)
        if self.process.is_alive():
            self.kill()
            raise AssertionError(f"a loader did not end within {JOIN_SECONDS} s")
        try:
            return self._answers.recv() if self._answers.poll() else None
        except EOFError:
            return None


def _load(settings: Settings, orders: Orders, answers: Connection) -> None:
    if orders.clock_hours:
        _set_clock(timedelta(hours=orders.clock_hours))
    if not orders.has_real_gate:
        gate._great_expectations, gate.profile_load = lambda *_: PassingJudge(), count_lines
    errors = importlib.import_module("orchestration.loading.errors")
    try:
        report = load_pending(connect(settings), connect_lake(settings), settings)
        answers.send(Outcome(object_count=report.object_count))
    except Exception as error:
        text = f"{type(error).__name__}: {error} ({_way_to(error)})"
        answers.send(Outcome(text, isinstance(error, errors.WarehouseError)))


def _way_to(error: Exception) -> str:
    """The product's functions that the error came through: what a reader of the report looks for first."""
    frames = traceback.extract_tb(error.__traceback__)
    return " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames if "orchestration" in frame.filename)


def _set_clock(ahead: timedelta) -> None:
    """Another time of day for all of the product, but not for the libraries: S3 refuses requests of another hour."""

    class IsDatetime(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class Shifted(datetime, metaclass=IsDatetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + ahead

    for name, module in list(sys.modules.items()):
        if name.startswith("orchestration.") and getattr(module, "datetime", None) is datetime:
            module.datetime = Shifted
    time_ns = time.time_ns
    time.time_ns = lambda: time_ns() + int(ahead.total_seconds() * 1e9)
