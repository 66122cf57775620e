"""The state of the warehouse for a person and for a program."""

import io
import json
from datetime import UTC, datetime

from rich.console import Console

from orchestration.commands.status import show, to_json
from orchestration.loading import Status
from orchestration.loading.status import Parked, Watermark

NOON = datetime(2025, 9, 8, 12, tzinfo=UTC)


def shown(found: Status) -> str:
    written = io.StringIO()
    show(found, Console(file=written, width=160))
    return written.getvalue()


def test_the_equation_comes_first():
    text = shown(Status(listed=4, live=3, parked=1, lines_accepted=1200, lines_rejected=1))
    assert text.splitlines()[0] == "4 objects listed = 3 live + 0 superseded + 0 held + 1 parked + 0 ignored + 0 due"
    assert "1,200 accepted + 1 rejected" in text
    assert "does not add up" not in text


def test_an_equation_that_fails_says_so():
    assert "does not add up" in shown(Status(listed=4, live=3))


def test_refusals_are_shown_with_their_reasons():
    found = Status(listed=1, parked=1, lines_rejected=2, rejected_by_reason={"not_json": 2})
    found.parked_objects = [Parked("events/a/[x].ndjson.gz", "unreadable", "cut off", NOON)]
    text = shown(found)
    assert "(not_json: 2)" in text
    assert "events/a/[x].ndjson.gz" in text
    assert "cut off" in text


def test_an_empty_lake_says_how_to_fill_it():
    assert "warehouse put PATH" in shown(Status())


def test_json_has_everything_with_times_as_text():
    found = json.loads(to_json(Status(listed=1, live=1, watermarks=[Watermark("web", NOON, NOON)])))
    assert found["adds_up"] is True
    assert found["watermarks"][0]["latest_occurred_at"] == "2025-09-08T12:00:00+00:00"
