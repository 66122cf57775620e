"""The status of the warehouse as metadata of an asset: what `warehouse status` prints, in Dagster's own pages.

Numbers become plots over the runs; everything else is a table.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from dagster import MetadataValue

from orchestration.loading import Status
from orchestration.loading.state.refused import HeldObject, Unread
from orchestration.loading.state.status_tables import COLUMNS, values_of

SHOWN_ROWS = 20
MAX_CELL = 200
HELD_HEADINGS = "object | load | expectation | found | expected | first lines at fault"
UNREAD_HEADINGS = "object | code | tries | next try (UTC) | message"
STATES = ("live", "superseded", "held", "parked", "ignored", "due")


def status_metadata(status: Status) -> dict[str, Any]:
    """Numbers that are always there, and a table for each part that has rows."""
    metadata: dict[str, Any] = {
        f"objects_{state}": getattr(status, state)
        for state in ("listed", *STATES)
        if getattr(status, state) is not None
    }
    metadata |= {
        "adds_up": status.adds_up,
        "objects_gone_from_lake": status.gone_from_lake or 0,
        "live_lines_accepted": status.lines_accepted,
        "live_lines_rejected": status.lines_rejected,
    }
    if status.lake_error:
        metadata["lake_error"] = status.lake_error
    tables = {name: _table(*content) for name, content in _tables(status).items()}
    return metadata | {name: MetadataValue.md(text) for name, text in tables.items() if text}


def _tables(status: Status) -> dict[str, tuple[str, Iterable[tuple]]]:
    """Name → (headings, rows)."""
    return {
        "lines_by_state": _listed(status, "totals"),
        "loads_by_day": _listed(status, "loads_by_day"),
        "parked": (UNREAD_HEADINGS, [_unread(unread) for unread in status.parked_objects]),
        "waiting_for_the_next_try": (UNREAD_HEADINGS, [_unread(unread) for unread in status.waiting_objects]),
        "held_by_the_gate": (HELD_HEADINGS, _held_rows(status.held_objects)),
        "rejected_lines": ("reason | lines", status.rejected_by_reason.items()),
        "ignored": ("reason | objects", status.ignored_by_reason.items()),
        "revoked": _listed(status, "revocations"),
        "found_by_the_last_reconcile": (
            "finding | object | detail",
            [
                (finding.finding, finding.key, finding.detail)
                for finding in (status.reconcile.findings if status.reconcile else [])
            ],
        ),
        "lateness_seconds": _listed(status, "lateness"),
        "watermarks": _listed(status, "watermarks"),
    }


def _listed(status: Status, name: str) -> tuple[str, Iterable[tuple]]:
    """A list of the status, in the columns that the command prints."""
    rows = [
        tuple(_time(value) if isinstance(value, datetime) else value for value in values_of(name, row).values())
        for row in getattr(status, name)
    ]
    return " | ".join(COLUMNS[name]), rows


def held_table(held: Iterable[HeldObject]) -> str:
    """Held objects as Markdown: which expectation each failed, and the lines to look at."""
    return _table(HELD_HEADINGS, _held_rows(held))


def _held_rows(held: Iterable[HeldObject]) -> Iterator[tuple]:
    """One per expectation that an object failed; one with the reason for an object that the gate could not judge."""
    for object_held in held:
        for fault in object_held.faults:
            lines = ", ".join(map(str, fault.line_numbers))
            yield object_held.key, object_held.load_id, fault.meaning, fault.found, fault.expected, lines
        if not object_held.faults:
            yield object_held.key, object_held.load_id, object_held.reason, "", "", ""


def _unread(unread: Unread) -> tuple:
    return unread.key, unread.code, unread.tries, _time(unread.next_retry_at) or "never", unread.message


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def _table(headings: str, rows: Iterable[tuple]) -> str:
    """Markdown; empty without rows."""
    rows = list(rows)
    if not rows:
        return ""
    lines = [f"| {headings} |", "|" + " --- |" * (headings.count("|") + 1)]
    lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows[:SHOWN_ROWS]]
    more = len(rows) - SHOWN_ROWS
    return "\n".join(lines) + (f"\n\n… and {more:,} more: see `warehouse status --json`." if more > 0 else "")


def _cell(value: object) -> str:
    """A key may hold whatever S3 allows; a bar would begin another cell, a backtick end the code."""
    text = f"{value:,}" if isinstance(value, int) else str(value)
    text = " ".join(text.split())[:MAX_CELL]
    for sign in ("\\", "|", "*", "_", "`", "<", "["):
        text = text.replace(sign, f"\\{sign}")
    return text
