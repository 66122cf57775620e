"""Which version of a key is live when the times lie: the one that the lake lists."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy
import pytest

from orchestration.loading import status
from orchestration.loading.lake.scope import EVERYTHING, Scope
from orchestration.loading.state.object_states import COMMITTED_STATES, count_object_states, short
from orchestration.loading.upkeep.supersede import close_corrected, revoke_overtaken
from tests.orchestration.loading.conftest import HoldingJudge
from tests.passing_judge import PassingJudge, judge_by

NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)


class TimedLake:
    """The lake with the times of its objects set by the test, as a restored file or a wrong clock would."""

    def __init__(self, lake) -> None:
        self._lake = lake
        self.bucket, self.read_chunks = lake.bucket, lake.read_chunks
        self.times: dict[str, datetime] = {}
        self.heads = 0

    def list_objects(self, prefix: str, start_after: str = ""):
        return (self._timed(entry) for entry in self._lake.list_objects(prefix, start_after))

    def head_object(self, key: str):
        self.heads += 1
        entry = self._lake.head_object(key)
        return entry and replace(
            self._timed(entry), last_modified=self._timed(entry).last_modified.replace(microsecond=0)
        )

    def _timed(self, entry):
        return replace(entry, last_modified=self.times.get(entry.key, entry.last_modified))


@pytest.fixture
def lake(lake):
    """Shadows the lake of the module's other fixtures."""
    return TimedLake(lake)


@pytest.fixture
def deliver(put, lake, load, statement):
    """deliver(key, lines, at) overwrites the key at that time of the lake, and loads."""

    def write(key: str, lines: int, at: datetime):
        put(key, [statement(i) for i in range(lines)])
        lake.times[key] = at
        return load()

    return write


def test_a_lake_whose_clock_was_set_back_shows_its_newest_delivery(deliver, lake, live_lines, warehouse) -> None:
    key = "events/web/back.ndjson"
    deliver(key, 5, NINE)
    report = deliver(key, 3, NINE - timedelta(hours=1))
    assert report.overtaken_keys == [key]
    assert dict(live_lines())[key] == 3
    assert warehouse.query("select cause from ops.load_revocations").result_rows == [("overwritten",)]
    assert status(warehouse, lake).adds_up


def test_from_a_to_b_to_a_within_one_second(deliver, lake, load, live_lines, warehouse) -> None:
    key = "events/web/second.ndjson"
    deliver(key, 5, NINE)
    deliver(key, 3, NINE + timedelta(milliseconds=1))
    report = deliver(key, 5, NINE)
    assert (report.object_count, report.overtaken_keys) == (0, [key])
    assert dict(live_lines())[key] == 5
    assert load().overtaken_keys == []


def test_and_to_b_again_it_is_read_again(deliver, lake, live_lines) -> None:
    key = "events/web/second.ndjson"
    report = deliver(key, 3, NINE + timedelta(milliseconds=1))
    assert report.object_count == 1
    assert dict(live_lines())[key] == 3


def test_a_version_that_arrived_since_the_look_at_the_lake_is_left_alone(
    deliver, lake, live_lines, warehouse, monkeypatch
) -> None:
    """Another loader may commit a newer version while this one asks the lake."""
    key = "events/web/since.ndjson"
    deliver(key, 5, NINE)
    monkeypatch.setattr(
        "orchestration.loading.upkeep.supersede.server_now", lambda client: datetime.now(UTC) - timedelta(hours=1)
    )
    deliver(key, 3, NINE - timedelta(hours=1))
    assert dict(live_lines())[key] == 5
    monkeypatch.undo()


def test_only_keys_of_the_scope_with_several_versions_are_asked_for(deliver, lake, warehouse, load) -> None:
    deliver("events/web/single.ndjson", 5, NINE)
    load()
    lake.heads = 0
    revoke_overtaken(warehouse, lake, Scope(("catalog/",)))
    assert lake.heads == 0
    revoke_overtaken(warehouse, lake, EVERYTHING, is_listed=lambda object_id: True)
    assert lake.heads == 0
    revoke_overtaken(warehouse, lake, EVERYTHING)
    assert 0 < lake.heads < 5


def test_a_held_version_takes_nothing_away(deliver, live_lines, monkeypatch) -> None:
    key = "events/web/held.ndjson"
    deliver(key, 5, NINE)
    judge_by(monkeypatch, HoldingJudge)
    report = deliver(key, 3, NINE - timedelta(hours=1))
    assert (report.held_count, report.overtaken_keys) == (1, [])
    assert dict(live_lines())[key] == 5


@pytest.fixture
def judged(monkeypatch):
    """judged(judge) sets the judge of the next loads."""

    def set_judge(judge) -> None:
        judge_by(monkeypatch, judge)

    return set_judge


def held_of(report, key: str) -> tuple[str, str]:
    """(load_id, object_id) of the key's object, which the gate holds; objects of other tests are delivered again."""
    [held] = [candidate for candidate in report.judgement.held if candidate.key == key]
    return held.load_id, held.object_id


def last_verdict(warehouse, pair: tuple[str, str]) -> tuple[str, str]:
    [row] = warehouse.query(
        f"select verdict, reason from ops.current_verdicts where (load_id, object_id) = {pair}"
    ).result_rows
    return row


def test_a_corrected_version_closes_the_held_one(deliver, judged, lake, warehouse, live_lines) -> None:
    """A person has nothing to do about it any more; that it was held, and why, stays on record."""
    key = "events/web/corrected.ndjson"
    judged(HoldingJudge)
    held = held_of(deliver(key, 5, NINE), key)
    waiting = [held_object.key for held_object in status(warehouse, lake).held_objects]
    assert key in waiting
    judged(PassingJudge)
    assert deliver(key, 3, NINE + timedelta(hours=1)).judgement.corrected_count > 0
    verdict, reason = last_verdict(warehouse, held)
    assert verdict == "superseded"
    assert reason.startswith("A later version of the key is published, by load ")
    assert reason.endswith("This one was held: nothing is good enough")
    known = status(warehouse, lake)
    assert key not in [held_object.key for held_object in known.held_objects]
    assert known.held == len(known.held_objects)
    assert known.adds_up
    [state] = count_object_states(warehouse).states_of(numpy.array([short(held[1])], dtype=numpy.uint64))
    assert COMMITTED_STATES[state] == "superseded"
    assert dict(live_lines())[key] == 3
    assert close_corrected(warehouse) == 0


def test_a_later_version_that_is_held_as_well_closes_nothing(deliver, judged, warehouse) -> None:
    key = "events/web/worse.ndjson"
    judged(HoldingJudge)
    held = held_of(deliver(key, 5, NINE), key)
    deliver(key, 3, NINE + timedelta(hours=1))
    assert last_verdict(warehouse, held)[0] == "block"


def test_a_good_version_from_before_closes_nothing(deliver, judged, warehouse, lake) -> None:
    """What was delivered last is what the sender means; with a wrong time it still is."""
    key = "events/web/worsened.ndjson"
    deliver(key, 5, NINE + timedelta(hours=1))
    judged(HoldingJudge)
    held = held_of(deliver(key, 3, NINE), key)
    assert last_verdict(warehouse, held)[0] == "block"


def test_a_correction_delivered_with_an_older_time_closes_too(deliver, judged, warehouse, lake) -> None:
    key = "events/web/clock.ndjson"
    judged(HoldingJudge)
    held = held_of(deliver(key, 5, NINE), key)
    judged(PassingJudge)
    deliver(key, 3, NINE - timedelta(hours=1))
    assert last_verdict(warehouse, held)[0] == "superseded"
