"""What a build came to: tests that guard our SQL fail the job, tests of the data are alerts, with the rows at fault."""

import json
from pathlib import Path

import pytest
from dagster import AssetCheckResult, AssetCheckSeverity, AssetKey, MetadataValue

from orchestration.assets.marts import as_judged, recorded_build
from orchestration.assets.outcome import FailedTest, Outcome, read_account, read_outcome
from orchestration.loading import last_build
from orchestration.loading.state.alerts import CHECKED, last_alerts, record_alerts

RANGE, KEY = "test.project.accepted_range_share.0a1b2c", "test.project.relationships_course.3d4e5f"
MANIFEST = {
    "nodes": {
        RANGE: {
            "name": "accepted_range_share",
            "attached_node": "model.project.agg_stay",
            "column_name": "share",
            "config": {"severity": "ERROR"},
        },
        KEY: {
            "name": "relationships_course",
            "attached_node": "model.project.fct_enrolments",
            "column_name": "course_id",
            "config": {"severity": "warn"},
        },
    }
}


def account(folder: Path, *results: dict) -> Path:
    (folder / "run_results.json").write_text(json.dumps({"metadata": {"invocation_id": "i"}, "results": list(results)}))
    return folder


def result(unique_id: str, status: str, **more: object) -> dict:
    return {"unique_id": unique_id, "status": status, "message": None, "failures": None, "compiled_code": None} | more


def test_a_test_of_our_sql_fails_the_job_and_one_of_the_data_is_an_alert(tmp_path: Path, warehouse) -> None:
    folder = account(
        tmp_path,
        result("model.project.agg_stay", "success"),
        result(RANGE, "warn", failures=2, compiled_code="select number as week, number + 0.5 as share from numbers(2)"),
        result(KEY, "warn", failures=1, compiled_code="select 'run-2' as course_id"),
    )
    outcome = read_outcome(read_account(folder), MANIFEST, warehouse)
    rows = "(week=0, share=0.5); (week=1, share=1.5)"
    assert outcome.faults == [f"test accepted_range_share: 2 rows at fault, first: {rows}"]
    assert outcome.status == "tests_failed"
    detail = "rows of fct_enrolments at fault, first: (course_id=run-2)"
    assert outcome.alerts == [("relationships_course", "", detail, 1)]


def test_a_model_that_failed_is_named_and_the_build_is_incomplete(tmp_path: Path, warehouse) -> None:
    folder = account(
        tmp_path,
        result("model.project.dim_a", "error", message="Code: 241.\n Memory limit"),
        result("model.project.agg_c", "skipped"),
        result(RANGE, "warn", failures=1, compiled_code="no select"),
    )
    outcome = read_outcome(read_account(folder), MANIFEST, warehouse)
    assert outcome.faults == ["model dim_a: Code: 241. Memory limit", "test accepted_range_share: 1 row at fault"]
    assert outcome.status == "failure"


def test_a_build_without_dbts_account_has_failed(tmp_path: Path, warehouse) -> None:
    assert read_outcome(read_account(tmp_path), MANIFEST, warehouse).status == "failure"


def test_the_record_of_a_build_keeps_faults_and_alerts_apart(warehouse) -> None:
    record_alerts(warehouse, [("sources_are_fresh", "web", "silent", 1)], 8, look=CHECKED)
    data = FailedTest("relationships_course", "fct_enrolments", False, 3, "(course_id=run-2)")
    ours = FailedTest("accepted_range_share", "agg_stay", True, 1, "(share=1.5)")
    with recorded_build(warehouse, "weekly") as record:
        record(Outcome((), (data, ours)))
    build = last_build(warehouse, "weekly")
    assert (build.status, build.is_complete) == ("tests_failed", True)
    assert build.detail == "test accepted_range_share: 1 row at fault, first: (share=1.5)"
    assert {alert.alert for alert in last_alerts(warehouse)} == {"sources_are_fresh", "relationships_course"}
    with recorded_build(warehouse, "weekly") as record:
        record(Outcome())
    assert {alert.alert for alert in last_alerts(warehouse)} == {"sources_are_fresh"}


@pytest.mark.parametrize(("test", "severity"), [(RANGE, AssetCheckSeverity.ERROR), (KEY, AssetCheckSeverity.WARN)])
def test_a_reported_test_has_the_severity_of_what_it_guards(test: str, severity: AssetCheckSeverity) -> None:
    reported = AssetCheckResult(
        passed=False,
        asset_key=AssetKey("agg_stay"),
        check_name="a",
        severity=AssetCheckSeverity.WARN,
        metadata={"unique_id": MetadataValue.text(test)},
    )
    assert as_judged(reported, MANIFEST).severity == severity
