"""The state of the warehouse for a program, and the exit code."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from orchestration.commands import status as command
from orchestration.commands.status import show_status, to_json
from orchestration.loading import Status
from orchestration.loading.state.refused import Unread
from orchestration.loading.state.status import SCHEMA_VERSION, Watermark

NOON = datetime(2025, 9, 8, 12, tzinfo=UTC)
NAMES = """
    schema_version taken_at bucket is_lake_listed lake_error listed live superseded held parked ignored due waiting
    gone_from_lake gone_keys older_version_live totals lines_accepted lines_rejected rejected_by_reason miscounted_keys
    parked_objects waiting_objects held_objects seen_in_older_version ignored_by_reason loads_by_day revocations
    reconcile lateness watermarks builds alerts adds_up unpublished
"""


def test_names_of_the_json_are_stable():
    """Scripts read them: a changed or missing name is another SCHEMA_VERSION; add new ones here."""
    assert list(json.loads(to_json(Status()))) == NAMES.split()
    assert SCHEMA_VERSION == 2


def test_json_has_everything_with_times_as_text():
    parked = Unread("o", "lake", "ü.ndjson", "unreadable", "cut", True, 1, NOON, None, NOON)
    state = Status(listed=2, live=1, parked=1, parked_objects=[parked], watermarks=[Watermark("web", NOON, NOON)])
    content = json.loads(to_json(state))
    assert (content["schema_version"], content["adds_up"], content["unpublished"]) == (2, True, 1)
    assert content["watermarks"][0]["latest_occurred_at"] == "2025-09-08T12:00:00+00:00"
    assert content["parked_objects"][0]["key"] == "ü.ndjson"
    assert content["parked_objects"][0]["next_retry_at"] is None


class Warehouse:
    """A warehouse of which nothing is asked."""

    def connect_prepared(self) -> None: ...

    def lake(self) -> str:
        return "the lake"


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """answer(status, …) is the exit code, the JSON and the lake of a command that finds this."""

    def run(state: Status, **options) -> tuple[int, dict, object]:
        asked = []
        monkeypatch.setattr(command, "open_warehouse", contextmanager(lambda: iter([Warehouse()])))
        monkeypatch.setattr("orchestration.loading.status", lambda client, lake: asked.append(lake) or state)
        code = show_status(as_json=True, **options)
        return code, json.loads(capsys.readouterr().out), asked[0]

    return run


def test_refusals_are_no_error_of_the_command(answer):
    code, content, lake = answer(Status(listed=2, held=1, parked=1))
    assert (code, content["held"], lake) == (0, 1, "the lake")


def test_a_silent_lake_and_a_broken_equation_are(answer):
    assert answer(Status(listed=None, lake_error="no answer"))[0] == 1
    assert answer(Status(listed=4, live=3))[0] == 1


def test_the_listing_can_be_left_out(answer):
    code, _, lake = answer(Status(listed=None, is_lake_listed=False), with_lake=False)
    assert (code, lake) == (0, None)
