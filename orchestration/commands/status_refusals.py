"""The part of the status that needs a person: parked, held and failing objects, and what the last reconcile found."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from orchestration.commands.figures import count, seconds_in_words

if TYPE_CHECKING:
    from rich.console import Console

    from orchestration.loading import Status
    from orchestration.loading.state.history import Reconcile
    from orchestration.loading.state.refused import FailedExpectation, HeldObject, Unread

SHOWN_OBJECTS = 20
SHOWN_LOAD_ID = 18
"""Of its 36 characters: the time and 12 random bits. The whole command fits 80 columns, and a release takes that."""
OLDER = "an earlier delivery of this key stays live"


def show_refusals(status: "Status", console: "Console") -> None:
    """Nothing where nothing is wrong."""
    older = set(status.seen_in_older_version)
    if status.parked_objects:
        _heading(console, "red", "Parked", "cannot be read; what cannot pass by itself must be delivered again")
        _show_unread(console, status.parked_objects, status.taken_at, older)
    if status.waiting_objects:
        _heading(console, "cyan", "Failed, to be tried again", "a later load does it by itself")
        _show_unread(console, status.waiting_objects, status.taken_at, older)
    if status.held_objects:
        _heading(console, "yellow", "Held by the gate", "not in the marts: deliver a correction, or release")
        _show_held(console, status.held_objects, older)
    if status.reconcile:
        _show_reconcile(console, status.reconcile)


def _show_reconcile(console: "Console", reconcile: "Reconcile") -> None:
    """One line on a good night; every finding on a bad one."""
    counts = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in reconcile.counts.items())
    _heading(
        console,
        "red" if reconcile.findings else "green",
        "Last reconcile",
        f"{reconcile.checked_at:%Y-%m-%d %H:%M} UTC",
    )
    print_indented(console, counts, 2)
    for finding in reconcile.findings[:SHOWN_OBJECTS]:
        _object(console, finding.key, [f"{finding.finding.replace('_', ' ')}: {finding.detail}"])
    _say_more(console, len(reconcile.findings))


def _heading(console: "Console", style: str, title: str, note: str) -> None:
    console.print()
    console.print(Text.assemble((title, f"bold {style}"), (f"  {note}", "dim")), soft_wrap=True)


def _show_unread(console: "Console", objects: list["Unread"], now: datetime, older: set[str]) -> None:
    for unread in objects[:SHOWN_OBJECTS]:
        facts = [unread.code, count(unread.tries, "try", "tries"), f"failed {unread.failed_at:%Y-%m-%d %H:%M}"]
        facts.append(next_try(unread, now))
        notes = [OLDER] if unread.key in older else []
        _object(console, unread.key, [" · ".join(facts), unread.message, *notes])
    _say_more(console, len(objects))


def next_try(unread: "Unread", now: datetime) -> str:
    """When the object is tried again, in words."""
    if unread.next_retry_at is None:
        return "never tried again"
    wait = (unread.next_retry_at - now).total_seconds()
    return f"next try in {seconds_in_words(wait)}" if wait > 0 else "next try with the next load"


def _show_held(console: "Console", objects: list["HeldObject"], older: set[str]) -> None:
    for load_id, group in groupby(objects[:SHOWN_OBJECTS], key=lambda held_object: held_object.load_id):
        held = list(group)
        first = held[0]
        line = f"  Load {load_id} of {first.committed_at:%Y-%m-%d %H:%M}: {count(len(held), 'object', 'objects')}"
        console.print(Text(line), soft_wrap=True)
        for held_object in held:
            lines = f"{count(held_object.lines, 'line', 'lines')}, {held_object.rejected:,} rejected"
            _object(
                console,
                held_object.key,
                [lines, *_expectations(held_object), *([OLDER] if held_object.key in older else [])],
            )
    _say_more(console, len(objects))
    load = objects[0].load_id[:SHOWN_LOAD_ID]
    print_indented(console, f"To publish one as it is: warehouse release {load} --reason 'why'", 2)


def _expectations(held: "HeldObject") -> Iterator[str]:
    """Every expectation that failed, with the lines to look at; the words of the gate where it failed itself."""
    for fault in held.faults:
        text = f"{fault.meaning}: {fault.found:,}, expected {fault.expected}"
        yield f"{text} (lines {first_lines(fault)})" if fault.line_numbers else text
    if not held.faults:
        # A reason names every expectation, divided by semicolons.
        yield from filter(None, held.reason.split("; "))


def first_lines(fault: "FailedExpectation") -> str:
    """Up to five line numbers, and whether there are more."""
    numbers = ", ".join(f"{number}" for number in fault.line_numbers)
    return f"{numbers} …" if fault.found > len(fault.line_numbers) else numbers


def _object(console: "Console", key: str, facts: list[str]) -> None:
    console.print(Text(f"  {key}", style="bold"), soft_wrap=True)
    for fact in filter(None, facts):
        print_indented(console, fact, 4)


def print_indented(console: "Console", text: str, columns: int) -> None:
    """Wrapped below itself in a terminal; one line, however long, where a program may search for it."""
    if console.is_terminal:
        console.print(Padding(Text(text), (0, 0, 0, columns), expand=False))
    else:
        console.print(Text(" " * columns + text), soft_wrap=True)


def _say_more(console: "Console", total: int) -> None:
    if total > SHOWN_OBJECTS:
        console.print(f"  … and {total - SHOWN_OBJECTS:,} more: see --json", soft_wrap=True)
