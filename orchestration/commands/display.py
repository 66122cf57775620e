"""What the commands print: results to standard output; progress, notes and errors to standard error.

Colours and moving bars appear only where a terminal shows them; elsewhere progress is plain lines, one at the start of
a stage, one at its end, and one now and then between.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape

PLAIN_WIDTH = 160
PLAIN_SECONDS = 10.0


def output() -> Console:
    """Where results go."""
    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)


def notes() -> Console:
    """Where everything goes that is not the result itself."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else PLAIN_WIDTH, highlight=False)


def print_error(message: str) -> None:
    """One line on standard error, never wrapped, so that it can be searched for."""
    notes().print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)


def print_note(message: str) -> None:
    notes().print(escape(message), soft_wrap=True)


class Stages(Protocol):
    """A display of work in stages. Starting a stage ends the one before."""

    def start(self, name: str, total: int | None = None) -> None: ...

    def move(self, done: int, total: int | None = None, note: str = "") -> None: ...

    def finish(self, note: str = "") -> None: ...


@contextmanager
def shown_stages() -> Iterator[Stages]:
    """A display for the length of a block, as the terminal allows."""
    console = notes()
    if not console.is_terminal:
        stages = PlainStages(console)
        yield stages
        stages.finish()
        return
    with terminal_stages(console) as stages:
        yield stages
        stages.finish()


class PlainStages:
    """Lines of text, for logs and pipes."""

    def __init__(self, console: Console, clock=time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._name = ""
        self._note = ""
        self._started = self._said = 0.0

    def start(self, name: str, total: int | None = None) -> None:
        self.finish()
        self._name, self._note = name, ""
        self._started = self._said = self._clock()
        self._say(f"{name} …")

    def move(self, done: int, total: int | None = None, note: str = "") -> None:
        self._note = note or self._note
        if self._name and self._clock() - self._said >= PLAIN_SECONDS:
            self._said = self._clock()
            self._say(f"{self._name}: {_count(done, total)} {note}".rstrip())

    def finish(self, note: str = "") -> None:
        if not self._name:
            return
        note = note or self._note
        self._say(f"{self._name}: done in {self._clock() - self._started:.1f} s{f', {note}' if note else ''}")
        self._name = ""

    def _say(self, text: str) -> None:
        self._console.print(escape(text), soft_wrap=True)


def _count(done: int, total: int | None) -> str:
    return f"{done:,} of {total:,}" if total else f"{done:,}"


@contextmanager
def terminal_stages(console: Console) -> Iterator[Stages]:
    """A line per stage: a spinner and a bar while it runs, a tick when it is done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    progress = Progress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[note]}"),
        console=console,
    )
    with progress:
        yield TerminalStages(progress)


class TerminalStages:
    """Stages as lines of a rich progress display."""

    def __init__(self, progress) -> None:
        self._progress = progress
        self._task = None

    def start(self, name: str, total: int | None = None) -> None:
        self.finish()
        self._task = self._progress.add_task(escape(name), total=total, note="")

    def move(self, done: int, total: int | None = None, note: str = "") -> None:
        if self._task is None:
            return
        fields = {"note": escape(note)} if note else {}
        self._progress.update(self._task, completed=done, **({"total": total} if total else {}), **fields)

    def finish(self, note: str = "") -> None:
        if self._task is None:
            return
        task = self._progress.tasks[self._progress.task_ids.index(self._task)]
        total = task.total or max(int(task.completed), 1)
        fields = {"note": escape(note)} if note else {}
        self._progress.update(self._task, total=total, completed=total, **fields)
        self._task = None
