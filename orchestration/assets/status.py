"""The status of the warehouse as metadata of an asset: what `warehouse status` prints, in Dagster's own pages.

Numbers become plots over the runs; everything else is a table.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from dagster import MetadataValue

from orchestration.loading import Status
from orchestration.loading.state.refused import HeldObject

SHOWN_ROWS = 20
MAX_CELL = 200
HELD_HEADINGS = "object | load | expectation | found | expected | first lines at fault"
STATES = ("live", "superseded", "held", "parked", "ignored", "due")


def status_metadata(found: Status) -> dict[str, Any]:
    """Numbers that are always there, and a table for each part that has rows."""
    metadata: dict[str, Any] = {
        f"objects_{state}": getattr(found, state) for state in ("listed", *STATES) if getattr(found, state) is not None
    }
    metadata |= {
        "adds_up": found.adds_up,
        "objects_gone_from_lake": found.gone_from_lake or 0,
        "live_lines_accepted": found.lines_accepted,
        "live_lines_rejected": found.lines_rejected,
    }
    if found.lake_error:
        metadata["lake_error"] = found.lake_error
    tables = {name: _table(*content) for name, content in _tables(found).items()}
    return metadata | {name: MetadataValue.md(text) for name, text in tables.items() if text}


def _tables(found: Status) -> dict[str, tuple[str, Iterable[tuple]]]:
    """Name → (headings, rows)."""
    return {
        "lines_by_state": (
            "state | objects | lines | accepted | rejected",
            [(each.state, each.objects, each.lines, each.accepted, each.rejected) for each in found.totals],
        ),
        "loads_by_day": (
            "day | loads | objects | lines | rejected",
            [(each.day, each.loads, each.objects, each.lines, each.rejected) for each in found.loads_by_day],
        ),
        "parked": (
            "object | code | tries | next try (UTC) | message",
            [_unread(each) for each in found.parked_objects],
        ),
        "waiting_for_the_next_try": (
            "object | code | tries | next try (UTC) | message",
            [_unread(each) for each in found.waiting_objects],
        ),
        "held_by_the_gate": (HELD_HEADINGS, _held_rows(found.held_objects)),
        "rejected_lines": ("reason | lines", found.rejected_by_reason.items()),
        "ignored": ("reason | objects", found.ignored_by_reason.items()),
        "revoked": (
            "cause | objects | last (UTC) | reason",
            [(each.cause, each.objects, _time(each.last_revoked_at), each.reason) for each in found.revocations],
        ),
        "found_by_the_last_reconcile": (
            "finding | object | detail",
            [(each.finding, each.key, each.detail) for each in (found.reconcile.findings if found.reconcile else [])],
        ),
        "lateness_seconds": (
            "source | deliveries | p50 | p90 | p99 | max",
            [
                (each.source, each.deliveries, each.p50_seconds, each.p90_seconds, each.p99_seconds, each.max_seconds)
                for each in found.lateness
            ],
        ),
        "watermarks": (
            "source | latest event (UTC) | complete through (UTC)",
            [
                (each.source, _time(each.latest_occurred_at), _time(each.complete_through_at))
                for each in found.watermarks
            ],
        ),
    }


def held_table(held: Iterable[HeldObject]) -> str:
    """HeldObject objects as Markdown: which expectation each failed, and the lines to look at."""
    return _table(HELD_HEADINGS, _held_rows(held))


def _held_rows(held: Iterable[HeldObject]) -> Iterator[tuple]:
    """One per expectation that an object failed; one with the reason for an object that the gate could not judge."""
    for each in held:
        for fault in each.faults:
            lines = ", ".join(map(str, fault.line_numbers))
            yield each.key, each.load_id, fault.meaning, fault.found, fault.expected, lines
        if not each.faults:
            yield each.key, each.load_id, each.reason, "", "", ""


def _unread(each) -> tuple:
    return each.key, each.code, each.tries, _time(each.next_retry_at) or "never", each.message


def _time(moment) -> str:
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
