"""Objects compared by eight bytes: the same in Python and in ClickHouse, and every combination told apart."""

from datetime import UTC, datetime

import numpy
import pytest

from orchestration.loading.lake.objects import LakeObject
from orchestration.loading.state.object_states import (
    _SHORT,
    Listing,
    ObjectStates,
    is_among,
    short,
    take_listing,
    unlisted,
)

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "events/web/a.ndjson", "events/ü/it's.ndjson", "0" * 32])
def test_both_sides_shorten_a_text_alike(warehouse, text: str) -> None:
    query = f"select {_SHORT.format('{text:String}')}"
    assert warehouse.query(query, parameters={"text": text}).result_rows == [(short(text),)]


def object_states(*rows: tuple[str, str, int]) -> ObjectStates:
    """Objects by state, of (object, key, state)."""
    rows = sorted((short(name), short(f"lake/{key}"), state) for name, key, state in rows)
    ids, keys, states = (numpy.array([row[place] for row in rows], dtype=numpy.uint64) for place in range(3))
    return ObjectStates(ids, keys, states, ids, [])


def test_states_are_found_and_strangers_are_none() -> None:
    states = object_states(("a", "k1", 0), ("b", "k2", 1), ("c", "k3", 2))
    asked = numpy.array([short(name) for name in ("c", "x", "a", "b")], dtype=numpy.uint64)
    assert states.states_of(asked).tolist() == [2, -1, 0, 1]
    assert object_states().states_of(asked).tolist() == [-1] * 4


def test_live_objects_that_are_not_listed_are_gone_or_overwritten() -> None:
    listing = Listing()
    listing.ids.extend([short("listed"), short("newer version")])
    listing.keys.extend([short("lake/k1"), short("lake/k2")])
    outside = unlisted(
        object_states(("listed", "k1", 0), ("older", "k2", 0), ("gone", "k3", 0), ("held", "k4", 2)), listing
    )
    assert outside.gone == [short("gone")]
    assert outside.overwritten == [short("older")]


def test_keys_with_a_live_version() -> None:
    states = object_states(("a", "k1", 0), ("b", "k2", 2))
    assert states.with_live_version(["lake/k1", "lake/k2", "lake/k3"]) == {"lake/k1"}
    assert states.with_live_version([]) == set()


def test_what_is_no_drop_is_counted_by_its_reason() -> None:
    entries = [LakeObject(key, "e", 1, NOON) for key in ("events/web/a.ndjson", "events/web/_SUCCESS", "events/web/")]
    listing = take_listing("lake", entries)
    assert (listing.count, len(listing.ids)) == (3, 1)
    assert set(listing.ignored) == {"working file of another tool", "folder marker"}


@pytest.mark.parametrize("pool", [[], [7], [2**64 - 1, 0, 7, 7]])
def test_membership_is_as_in_python(pool: list[int]) -> None:
    values = numpy.array([0, 3, 7, 2**64 - 1, 7], dtype=numpy.uint64)
    assert is_among(values, pool).tolist() == [value in pool for value in values.tolist()]
    assert is_among(values[:0], pool).tolist() == []
