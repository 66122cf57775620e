"""The cursor is a hint: whatever stands in it, nothing breaks and nothing is passed over."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.sensors.cursor import Cursor, read_cursor
from orchestration.sensors.scan import Position

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_what_was_written_is_read() -> None:
    cursor = Cursor(
        Position("events/web/", "events/web/a"), Position("events/x/"), NOW.timestamp(), Position("learners/")
    )
    assert read_cursor(cursor.write()) == cursor


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "nonsense",
        "events/web/old/009.ndjson",
        "{}",
        "[]",
        "null",
        "1",
        '{"recent": 1}',
        json.dumps(json.loads(Cursor().write()) | {"sweep": {"prefix": "events/", "after": "other/key"}}),
        json.dumps(json.loads(Cursor().write()) | {"sweep": {"prefix": 3, "after": ""}}),
        json.dumps(json.loads(Cursor().write()) | {"week_seconds": "soon"}),
    ],
)
def test_anything_else_is_a_fresh_start(text: str | None) -> None:
    assert read_cursor(text) == Cursor()


def test_the_week_is_due_hourly_when_begun_and_when_the_clock_was_set_back() -> None:
    assert Cursor().is_week_due(NOW)
    ended = Cursor(week_seconds=NOW.timestamp())
    assert not ended.is_week_due(NOW)
    assert not ended.is_week_due(NOW + timedelta(minutes=59))
    assert ended.is_week_due(NOW + timedelta(minutes=60))
    assert ended.is_week_due(NOW - timedelta(minutes=1))
    assert Cursor(week=Position("events/web/"), week_seconds=NOW.timestamp()).is_week_due(NOW)
    assert Cursor(week_seconds=float("nan")).is_week_due(NOW)
