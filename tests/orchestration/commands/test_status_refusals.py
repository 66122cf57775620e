"""What needs a person: long lists are cut, and the time of the next try is put in words."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from orchestration.commands.status_refusals import SHOWN_OBJECTS, next_try, show_refusals
from orchestration.loading import Status
from orchestration.loading.state.history import Reconcile
from orchestration.loading.state.refused import FailedExpectation, HeldObject, Unread

NOON = datetime(2025, 9, 8, 12, tzinfo=UTC)


def unread(name: str, next_retry_at: datetime | None = None) -> Unread:
    return Unread(name, "lake", name, "timeout", "slow", next_retry_at is None, 3, NOON, next_retry_at, NOON)


def shown(state: Status) -> str:
    written = io.StringIO()
    show_refusals(state, Console(file=written, width=80))
    return written.getvalue()


@pytest.mark.parametrize(
    ("next_retry_at", "words"),
    [
        (None, "never tried again"),
        (NOON + timedelta(hours=6), "next try in 6.0 h"),
        (NOON - timedelta(minutes=1), "next try with the next load"),
    ],
)
def test_the_next_try_in_words(next_retry_at: datetime | None, words: str):
    assert next_try(unread("a", next_retry_at), NOON) == words


def test_long_lists_end_with_how_many_more():
    text = shown(Status(taken_at=NOON, parked_objects=[unread(f"key-{i}") for i in range(SHOWN_OBJECTS + 5)]))
    assert f"key-{SHOWN_OBJECTS - 1}\n" in text
    assert f"key-{SHOWN_OBJECTS}\n" not in text
    assert "… and 5 more: see --json" in text


def test_held_objects_stand_under_their_load():
    held = [HeldObject(load, key, "lake", key, "r", 1, 0, NOON, NOON, NOON) for load, key in ("1a", "1b", "2c")]
    lines = shown(Status(held_objects=held)).splitlines()
    assert [line.strip() for line in lines if line.startswith("  Load") or len(line) == 3] == [
        "Load 1 of 2025-09-08 12:00: 2 objects",
        "a",
        "b",
        "Load 2 of 2025-09-08 12:00: 1 object",
        "c",
    ]


def test_a_held_object_names_expectations_lines_and_the_way_out():
    faults = [
        FailedExpectation("expect_x", "lines that do not say who", 1200, "at most 2", [1, 4, 7, 10, 13]),
        FailedExpectation("expect_x", "lines from the future", 2, "at most 1", [3, 8]),
        FailedExpectation("expect_y", "lines in raw, against the ledger", 9, "10", []),
    ]
    held = HeldObject("0198-load", "o", "lake", "events/web/bad.ndjson", "r", 5000, 0, NOON, NOON, NOON, faults)
    lines = [line.strip() for line in shown(Status(held_objects=[held])).splitlines()]
    assert lines[-5:] == [
        "5,000 lines, 0 rejected",
        "lines that do not say who: 1,200, expected at most 2 (lines 1, 4, 7, 10, 13 …)",
        "lines from the future: 2, expected at most 1 (lines 3, 8)",
        "lines in raw, against the ledger: 9, expected 10",
        "To publish one as it is: warehouse release 0198-load --reason 'why'",
    ]


def test_a_reconcile_without_findings_is_one_line():
    text = shown(Status(reconcile=Reconcile(NOON, {"objects": 1200, "missing_in_lake": 0}, [])))
    assert text.split("\n")[1:3] == ["Last reconcile  2025-09-08 12:00 UTC", "  1,200 objects, 0 missing in lake"]


def test_nothing_wrong_is_nothing_said():
    assert shown(Status(listed=1, live=1)) == ""
