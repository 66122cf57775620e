"""Builds are recorded for what they were made from."""

import pytest

from orchestration.assets.dbt_project import build_fingerprint
from orchestration.assets.marts import recorded_build, why_it_failed
from orchestration.assets.outcome import Outcome
from orchestration.loading import last_build


def test_a_build_is_recorded_with_the_fingerprint_of_its_beginning(warehouse, put, lake, settings) -> None:
    before = build_fingerprint(warehouse)
    with recorded_build(warehouse, "nightly") as record:
        warehouse.command("insert into ops.load_commits (load_id, object_id) values ('l', 'o')")
        warehouse.command("insert into ops.load_gates (load_id, object_id, verdict) values ('l', 'o', 'pass')")
        record(Outcome())
    build = last_build(warehouse, "nightly")
    assert (build.status, build.fingerprint) == ("success", before)
    assert build_fingerprint(warehouse) != before


def test_a_failed_build_is_recorded_with_dbts_own_words(warehouse) -> None:
    with pytest.raises(RuntimeError), recorded_build(warehouse, "near_real_time"):
        raise RuntimeError("The dbt CLI process failed\n\nErrors parsed from dbt logs:\n\n93 of 167 FAIL 1 a_test")
    build = last_build(warehouse, "near_real_time")
    assert (build.status, build.detail) == ("failure", "93 of 167 FAIL 1 a_test")


def test_a_selection_made_by_hand_is_not_recorded(warehouse) -> None:
    count = "select count() from ops.builds"
    before = warehouse.query(count).result_rows
    with recorded_build(warehouse, "__ASSET_JOB") as record:
        record(Outcome())
    assert warehouse.query(count).result_rows == before


def test_an_error_without_dbts_words_is_named() -> None:
    assert why_it_failed(KeyError("x")) == "KeyError: 'x'"
