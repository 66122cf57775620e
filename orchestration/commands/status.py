"""`warehouse status`: what became of everything that was delivered."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from orchestration.commands.display import output
from orchestration.commands.opened import opened_warehouse

if TYPE_CHECKING:
    from rich.console import Console

    from orchestration.loading import Status

SHOWN_OBJECTS = 20
SHOWN_DETAIL = 200
STATES = ("live", "superseded", "held", "parked", "ignored", "due")


def show_status(as_json: bool) -> None:
    """Print the state now."""
    from orchestration.loading import status

    with opened_warehouse() as warehouse:
        found = status(warehouse.connect_prepared(), warehouse.lake())
    if as_json:
        print(to_json(found))
    else:
        show(found, output())


def to_json(found: "Status") -> str:
    """Everything, for a program: the fields of `Status`, times as ISO 8601."""
    content = asdict(found) | {"adds_up": found.adds_up}
    return json.dumps(content, indent=2, default=lambda value: value.isoformat(), ensure_ascii=False)


def show(found: "Status", console: "Console") -> None:
    """For a person: the equation first, then whatever needs one."""
    console.print(equation(found), soft_wrap=True)
    console.print(
        f"Lines of live objects: {found.lines_accepted:,} accepted + {found.lines_rejected:,} rejected"
        f"{_reasons(found.rejected_by_reason)}",
        soft_wrap=True,
    )
    if found.waiting:
        console.print(f"{found.waiting:,} of the due objects wait for their next try after a failure.", soft_wrap=True)
    if found.gone_from_lake:
        gone = f"{found.gone_from_lake:,} live objects are no longer in the lake; they stay live."
        console.print(gone, soft_wrap=True)
    if found.ignored:
        console.print(f"Ignored{_reasons(found.ignored_by_reason)}", soft_wrap=True)
    parked = [(each.key, each.code, each.message, _time(each.failed_at)) for each in found.parked_objects]
    _table(console, "Parked: cannot be read; deliver them again", ("Object", "Code", "Message", "Since"), parked)
    held = [(each.key, each.reason) for each in found.held_objects]
    _table(console, "Held by the gate: not in the marts", ("Object", "Reason"), held)
    marks = [
        (each.source, _time(each.latest_occurred_at), _time(each.complete_through_at)) for each in found.watermarks
    ]
    _table(console, "How far the events reach (UTC)", ("Source", "Latest event", "Complete through"), marks)
    builds = [(each.job, each.status, _time(each.finished_at), each.detail[:SHOWN_DETAIL]) for each in found.builds]
    _table(console, "Last builds (UTC)", ("Job", "Status", "Finished", "Detail"), builds)
    if not found.listed:
        console.print("The lake is empty: 'warehouse put PATH' delivers files, 'warehouse demo' simulated ones.")


def equation(found: "Status") -> str:
    """Every listed object is in exactly one state."""
    parts = " + ".join(f"{getattr(found, state):,} {state}" for state in STATES)
    end = "" if found.adds_up else "  [bold red]does not add up: please report this[/]"
    return f"[bold]{found.listed:,} objects listed[/] = {parts}{end}"


def _reasons(counts: dict[str, int]) -> str:
    listed = ", ".join(f"{escape(reason)}: {count:,}" for reason, count in sorted(counts.items()))
    return f" ({listed})" if listed else ""


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def _table(console: "Console", title: str, names: tuple[str, ...], rows: list[tuple]) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows[:SHOWN_OBJECTS]:
        table.add_row(*(escape(str(value)) for value in row))
    console.print(table)
    if len(rows) > SHOWN_OBJECTS:
        console.print(f"… and {len(rows) - SHOWN_OBJECTS:,} more; --json lists all.")
