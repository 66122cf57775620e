"""The check on samples that were rebuilt: a difference fails the run and is told, and so is a table not compared."""

import pytest
from dagster import AssetCheckSeverity, AssetKey, asset, materialize

from orchestration.alerts.problems import find_problems
from orchestration.checks.rebuilds import EQUALS, NOT_WRITTEN, fault_of
from orchestration.definitions import build_models, defs, near_real_time, nightly, rebuilds, weekly
from orchestration.loading.ledger.entries import insert_rows
from orchestration.loading.state.alerts import last_alerts
from orchestration.loading.state.rebuilds import Comparison
from orchestration.resources.connections import WarehouseResource

SPECS = {spec.key: spec.metadata["dagster_dbt/unique_id"] for spec in build_models.specs}
SESSIONS = AssetKey(["marts", "fct_sessions"])
"""Of the numbers 0 to 9, in a table that has 7 twice and no 3."""
DAMAGED = "arrayJoin([0, 1, 2, 4, 5, 6, 7, 7, 8, 9])"
WHOLE = "arrayJoin(range(10))"


def differences(live: str) -> str:
    """A comparison in the form that dbt writes it."""
    return (
        "select count(), sum(live), countIf(live != rebuilt), groupArrayIf(toString(unit), live != rebuilt), "
        "sumIf(live - rebuilt, live > rebuilt), sumIf(rebuilt - live, rebuilt > live) from (select unit, "
        f"countIf(side = 1) as live, countIf(side = 0) as rebuilt from (select {live} as unit, 1 as side union all "
        f"select {WHOLE} as unit, 0 as side) where {{sample}} group by unit order by unit)"
    )


def stub(key: AssetKey):
    return asset(key=key)(lambda: None)


def run_check(warehouse, settings, monkeypatch, live_of: dict[AssetKey, str]):
    """A run of the check after a build that wrote down these tables."""
    monkeypatch.setattr("orchestration.resources.connections.load_settings", lambda: settings)
    columns = ("invocation_id", "model", "relation", "unit", "sample", "statements", "differences", "written_at")
    # In the future: written after the run began.
    moment = warehouse.query("select now64(3, 'UTC') + interval 1 minute").first_row[0]
    rows = [
        [
            str(moment),
            SPECS[key],
            f"`marts`.`{key.path[-1]}`",
            "number",
            "select 'unit < 100'",
            ["select 1"],
            live,
            moment,
        ]
        for key, live in live_of.items()
    ]
    insert_rows(warehouse, "sampled_rebuilds", columns, rows)
    return materialize(
        [*(stub(key.asset_key) for key in rebuilds.check_keys), rebuilds],
        resources={"warehouse": WarehouseResource()},
        raise_on_error=False,
    )


@pytest.fixture
def all_keys() -> list[AssetKey]:
    return [key.asset_key for key in rebuilds.check_keys]


def test_equal_samples_pass_and_leave_no_alert(warehouse, settings, monkeypatch, all_keys) -> None:
    run = run_check(warehouse, settings, monkeypatch, {key: differences(WHOLE) for key in all_keys})
    assert run.success
    evaluations = run.get_asset_check_evaluations()
    assert len(evaluations) == len(all_keys)
    assert all(evaluation.passed for evaluation in evaluations)
    assert {evaluation.metadata["rows"].value for evaluation in evaluations} == {10}
    assert last_alerts(warehouse) == []


def test_a_difference_fails_the_run_and_names_table_units_and_next_step(
    warehouse, settings, monkeypatch, all_keys
) -> None:
    asked = {key: differences(WHOLE) for key in all_keys} | {SESSIONS: differences(DAMAGED)}
    run = run_check(warehouse, settings, monkeypatch, asked)
    assert not run.success
    failed = [evaluation for evaluation in run.get_asset_check_evaluations() if not evaluation.passed]
    assert [(evaluation.asset_key, evaluation.severity) for evaluation in failed] == [
        (SESSIONS, AssetCheckSeverity.ERROR)
    ]
    fault = failed[0].metadata["fault"].value
    assert fault.startswith("2 of 10 sampled units (number) differ from a rebuild: 3, 7.")
    assert "Rows only in the table: 1; only in the rebuild: 1." in fault
    assert "uv run dbt build --full-refresh --select fct_sessions+" in fault
    [alert] = last_alerts(warehouse)
    assert (alert.alert, alert.row_count) == (EQUALS, 2)
    assert alert.detail == f"marts.fct_sessions: {fault}"
    assert "check:equals_a_rebuild:" in {problem.key for problem in find_problems(warehouse)}


def test_a_table_that_was_not_compared_has_not_passed(warehouse, settings, monkeypatch, all_keys) -> None:
    asked = {key: differences(WHOLE) for key in all_keys if key != SESSIONS}
    broken = all_keys[0] if all_keys[0] != SESSIONS else all_keys[1]
    run = run_check(warehouse, settings, monkeypatch, asked | {broken: "select nothing from nowhere"})
    faults = {
        evaluation.asset_key: evaluation.metadata["fault"].value
        for evaluation in run.get_asset_check_evaluations()
        if not evaluation.passed
    }
    assert not run.success
    assert faults.keys() == {SESSIONS, broken}
    assert faults[SESSIONS] == NOT_WRITTEN
    assert faults[broken].startswith("The sample could not be built: ")


def test_equal_is_no_fault() -> None:
    assert fault_of(Comparison("model.x", "marts.x", "id", "1", 3, 9, 0, [], 0, 0, 0.1)) == ""


def test_every_job_of_a_night_compares_and_the_ten_minute_one_does_not() -> None:
    for job, is_asked in ((nightly, True), (weekly, True), (near_real_time, False)):
        steps = {node.name for node in defs.resolve_job_def(job.name).graph.nodes}
        assert ("compare_with_rebuild" in steps) is is_asked
