"""Whether a build would change anything is decided by what it would be made from."""

import pytest

from orchestration.loading import is_build_needed, last_build, live_fingerprint, record_build


def test_the_fingerprint_follows_the_live_objects(warehouse, put, load) -> None:
    empty = live_fingerprint(warehouse)
    put("events/web/a.ndjson", [{"a": 1}])
    assert live_fingerprint(warehouse) == empty
    load()
    one = live_fingerprint(warehouse)
    assert one != empty
    load()
    assert live_fingerprint(warehouse) == one


def test_a_build_is_needed_after_a_failure_or_a_change(warehouse) -> None:
    assert is_build_needed(warehouse, "nightly", "a")
    record_build(warehouse, "nightly", "success", "a")
    assert not is_build_needed(warehouse, "nightly", "a")
    assert is_build_needed(warehouse, "nightly", "b")
    assert is_build_needed(warehouse, "near_real_time", "a")
    record_build(warehouse, "nightly", "failure", "a", "a test failed")
    assert is_build_needed(warehouse, "nightly", "a")
    assert last_build(warehouse, "nightly").detail == "a test failed"
    assert last_build(warehouse, "nightly", "success").fingerprint == "a"


def test_a_status_is_success_or_failure(warehouse) -> None:
    with pytest.raises(ValueError, match="expected one of success, tests_failed, failure"):
        record_build(warehouse, "nightly", "done", "a")
