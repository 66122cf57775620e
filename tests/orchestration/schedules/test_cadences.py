"""near_real_time runs only when it would change something."""

from orchestration.assets.dbt_project import build_fingerprint
from orchestration.loading import load_pending, record_build
from orchestration.loading.ledger.entries import server_now
from orchestration.schedules.cadences import reason_to_skip


def test_it_runs_when_nothing_was_built_and_skips_when_all_was(warehouse, lake) -> None:
    assert reason_to_skip(warehouse, lake) == ""
    record_build(warehouse, "nightly", "success", build_fingerprint(warehouse))
    assert reason_to_skip(warehouse, lake).startswith("Nothing new since nightly built the marts at ")


def test_it_runs_when_a_drop_is_due_or_live_and_not_built(warehouse, lake, settings, put, statement) -> None:
    today = server_now(warehouse).date()
    put(f"events/web/dt={today:%Y-%m-%d}/a.ndjson", [statement(1)])
    assert reason_to_skip(warehouse, lake) == ""
    assert reason_to_skip(warehouse, None), "what came is the sensor's to see"
    load_pending(warehouse, lake, settings)
    assert reason_to_skip(warehouse, lake) == ""
    assert reason_to_skip(warehouse, None) == ""


def test_it_runs_after_a_failed_build(warehouse, lake) -> None:
    record_build(warehouse, "near_real_time", "success", build_fingerprint(warehouse))
    assert reason_to_skip(warehouse, lake)
    record_build(warehouse, "near_real_time", "failure", build_fingerprint(warehouse))
    assert reason_to_skip(warehouse, lake) == ""


def test_where_the_sensor_is_off_it_lists_today_and_yesterday_only(warehouse, lake, put, statement) -> None:
    record_build(warehouse, "near_real_time", "success", build_fingerprint(warehouse))
    put("events/web/dt=2020-01-01/old.ndjson", [statement(2)])
    assert reason_to_skip(warehouse, lake)
