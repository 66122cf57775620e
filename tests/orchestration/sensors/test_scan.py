"""A look is bounded, and looks one after the other see every object."""

import pytest

from orchestration.sensors import scan as look_module
from orchestration.sensors.scan import LISTING_COST, START, Position, scan
from tests.orchestration.sensors.listed_lake import ListedLake

KEYS = [f"events/web/{day}/{i:03d}.ndjson" for day in ("a", "b", "c") for i in range(25)]
PREFIXES = ("events/web/c/", "events/web/a/", "events/web/b/")


def test_a_look_is_bounded_and_the_next_one_goes_on_where_it_stopped(warehouse, known) -> None:
    lake = ListedLake(KEYS)
    known(lake, KEYS[:-1])
    first = scan(warehouse, lake, PREFIXES, START, LISTING_COST + 10)
    assert (first.due, first.next, lake.read) == ("", Position("events/web/a/", KEYS[9]), 10)
    seen, looks = first, 1
    while not seen.due and not seen.is_complete:
        seen, looks = scan(warehouse, lake, PREFIXES, seen.next, LISTING_COST + 10), looks + 1
    assert seen.due == KEYS[-1]
    assert looks > 3
    assert lake.read < len(KEYS) + 10 * looks


@pytest.mark.parametrize("page", [1, 7, 25, 1000])
def test_a_whole_look_finds_the_one_that_is_due_wherever_it_is(warehouse, known, monkeypatch, page: int) -> None:
    monkeypatch.setattr(look_module, "MAX_IDS", page)
    lake = ListedLake(KEYS)
    for due in (KEYS[0], KEYS[25], KEYS[49], KEYS[-1]):
        known(lake, [key for key in KEYS if key != due])
        seen = scan(warehouse, lake, PREFIXES, START, 10**6)
        assert seen.due == due
        assert scan(warehouse, lake, PREFIXES, seen.next, 10**6).due == due, "a find is not passed over"
    known(lake, KEYS)
    assert scan(warehouse, lake, PREFIXES, START, 10**6).is_complete


def test_many_empty_prefixes_spend_the_budget_too(warehouse, known) -> None:
    lake = ListedLake(KEYS)
    known(lake, KEYS)
    prefixes = [f"events/none/{i:03d}/" for i in range(50)]
    seen = scan(warehouse, lake, prefixes, START, 10 * LISTING_COST)
    assert seen.next == Position("events/none/009/")
    assert not seen.is_complete


@pytest.mark.parametrize(
    "gone", [Position("events/web/aa/", "events/web/aa/x"), Position("events/web/b/", "events/web/b/zz")]
)
def test_a_place_that_is_gone_is_passed(warehouse, known, gone: Position) -> None:
    lake = ListedLake(KEYS)
    known(lake, KEYS[:-1])
    assert scan(warehouse, lake, PREFIXES, gone, 10**6).due == KEYS[-1]


def test_a_place_behind_everything_ends_the_look_and_the_next_begins_anew(warehouse, known) -> None:
    lake = ListedLake(KEYS)
    known(lake, [])
    seen = scan(warehouse, lake, PREFIXES, Position("zzz/", "zzz/z"), 10**6)
    assert (seen.due, seen.next) == ("", START)
    assert scan(warehouse, lake, PREFIXES, seen.next, 10**6).due == KEYS[0]
