"""Identifiers and timestamps as text: columns at a time, but the same text as one at a time would give."""

import uuid
from datetime import UTC, datetime, timedelta

import numpy as np

from orchestration.simulate.identifiers import random_uuids, timestamps


def test_identifiers_are_version_4_uuids_and_differ() -> None:
    keys = random_uuids(np.random.default_rng(1), 5_000)
    assert len(set(keys)) == 5_000
    assert all(uuid.UUID(key).version == 4 and str(uuid.UUID(key)) == key for key in keys)


def test_timestamps_read_as_the_moments_they_came_from() -> None:
    moments = np.random.default_rng(2).integers(1_600_000_000_000, 1_900_000_000_000, 2_000)
    start = datetime(1970, 1, 1, tzinfo=UTC)
    for text, milliseconds in zip(timestamps(moments), moments.tolist(), strict=True):
        assert datetime.fromisoformat(text + "Z") == start + timedelta(milliseconds=milliseconds)


def test_no_moments_give_no_text() -> None:
    assert timestamps(np.array([], np.int64)) == []
    assert random_uuids(np.random.default_rng(1), 0) == []
