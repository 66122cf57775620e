"""Data tests in one query a table count as dbt does, lose no test, and show their verdicts as Dagster's checks."""

import pytest
from dagster import (
    AssetCheckKey,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetSelection,
    AssetSpec,
    DagsterInstance,
    ExecuteInProcessResult,
    materialize,
    multi_asset,
)

from orchestration.assets.data_tests import (
    UNIQUE_ID,
    DataTestVerdict,
    as_events,
    ask_data_tests,
    chosen_only,
    count_faults,
    due_tests,
    with_verdicts,
)
from orchestration.assets.outcome import Account, Outcome
from orchestration.loading.ledger.entries import insert_rows
from orchestration.loading.state.data_tests import DataTest, asked_tests

STAY, COURSES = "model.project.agg_stay", "model.project.dim_courses"
RANGE, KEY, SUM = "test.project.range.0a", "test.project.key.1b", "test.project.sum"
NUMBERS = "numbers(10)"


def node(kind: str, *reads: str, severity: str = "ERROR", model: str | None = None) -> dict:
    return {"resource_type": kind, "depends_on": {"nodes": list(reads)}, "config": {"severity": severity}} | (
        {"attached_node": model, "column_name": "share"} if model else {}
    )


MANIFEST = {
    "nodes": {
        STAY: node("model"),
        COURSES: node("model"),
        RANGE: node("test", STAY, model=STAY) | {"name": "range"},
        KEY: node("test", STAY, COURSES, severity="warn", model=STAY) | {"name": "key"},
        SUM: node("test", STAY, COURSES) | {"name": "sum"},
    }
}


def account(*built: str, failed: tuple[str, ...] = ()) -> Account:
    ended = {**dict.fromkeys(built, "success"), **dict.fromkeys(failed, "error")}
    return Account("this run", tuple({"unique_id": name, "status": status} for name, status in ended.items()))


def row_test(name: str, fault: str) -> DataTest:
    return DataTest(name, NUMBERS, f"countIf({fault})", f"select number from {NUMBERS} where {fault}")


def whole_test(name: str, rows: str) -> DataTest:
    return DataTest(name, "", f"(select count(*) from ({rows}))", rows)


def test_every_test_gets_the_count_of_its_own_rows(warehouse) -> None:
    tests = [
        row_test("a", "number > 6"),
        whole_test("b", f"select number % 4 as key, count() from {NUMBERS} group by key having count() > 2"),
        row_test("c", "number > 100"),
        row_test("d", "nullIf(number, 3) = 3"),
        whole_test("e", "select 1 where false"),
    ]
    counts = {verdict.test: verdict.fault_count for verdict in count_faults(warehouse, tests)}
    assert counts == {"a": 3, "b": 2, "c": 0, "d": 0, "e": 0}


def test_a_test_that_cannot_run_is_named_and_spoils_no_other(warehouse) -> None:
    tests = [row_test("a", "number > 6"), row_test("broken", "no_such_column > 6"), row_test("c", "number > 7")]
    verdicts = {verdict.test: verdict for verdict in count_faults(warehouse, tests)}
    assert (verdicts["a"].fault_count, verdicts["c"].fault_count) == (3, 2)
    assert "no_such_column" in verdicts["broken"].error
    assert not verdicts["broken"].has_passed


def test_tests_are_due_when_all_that_they_read_was_built() -> None:
    assert due_tests(account(STAY, COURSES), MANIFEST) == {RANGE, KEY, SUM}
    assert due_tests(account(STAY), MANIFEST) == {RANGE}
    assert due_tests(account(STAY, failed=(COURSES,)), MANIFEST) == {RANGE}
    assert due_tests(account(COURSES), MANIFEST) == set()


def test_a_due_test_that_was_not_asked_fails_the_build(warehouse) -> None:
    asked = ("invocation_id", "test", "relation", "fault_count", "faulty_rows")
    insert_rows(warehouse, "test_queries", asked, [("this run", RANGE, NUMBERS, "countIf(number > 6)", "select 1")])
    insert_rows(warehouse, "test_queries", asked, [("another", SUM, NUMBERS, "countIf(number > 6)", "select 1")])
    assert [test.test for test in asked_tests(warehouse, "this run")] == [RANGE]
    verdicts = ask_data_tests(warehouse, account(STAY, COURSES), MANIFEST)
    assert {verdict.test: bool(verdict.error) for verdict in verdicts} == {RANGE: False, KEY: True, SUM: True}
    outcome = with_verdicts(Outcome(), verdicts, MANIFEST, warehouse)
    assert outcome.status == "failure"
    [unasked, fault] = outcome.faults
    assert unasked.startswith("test key, test sum: dbt did not write down")
    assert fault == "test range: 3 rows at fault, first: (1=1)"


def test_a_failed_test_says_whose_fault_it_is_and_shows_rows(warehouse) -> None:
    rows = "select number as week, number + 0.5 as share from numbers(2)"
    verdicts = [
        DataTestVerdict(RANGE, 2, rows),
        DataTestVerdict(KEY, 1, "select 'run-2' as course_id"),
        DataTestVerdict(SUM),
    ]
    outcome = with_verdicts(Outcome(), verdicts, MANIFEST, warehouse)
    assert outcome.status == "tests_failed"
    assert outcome.faults == ["test range: 2 rows at fault, first: (week=0, share=0.5); (week=1, share=1.5)"]
    assert outcome.alerts == [("key", "", "rows of agg_stay at fault, first: (course_id=run-2)", 1)]


def test_models_that_failed_are_kept_beside_what_the_look_found(warehouse) -> None:
    outcome = with_verdicts(Outcome(("model dim_a: no",)), [DataTestVerdict(RANGE, 1, "select 1")], MANIFEST, warehouse)
    assert (outcome.status, len(outcome.faults)) == ("failure", 2)


ERROR, WARN = AssetCheckSeverity.ERROR, AssetCheckSeverity.WARN


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (DataTestVerdict(RANGE), (True, ERROR)),
        (DataTestVerdict(RANGE, 3), (False, ERROR)),
        (DataTestVerdict(KEY, 3), (False, WARN)),
        (DataTestVerdict(KEY, error="memory"), (False, ERROR)),
    ],
)
def test_a_verdict_is_dagsters_check_of_the_tests_name(verdict: DataTestVerdict, expected: tuple) -> None:
    [evaluation] = run_with([verdict]).get_asset_check_evaluations()
    assert evaluation.check_name == MANIFEST["nodes"][verdict.test]["name"]
    assert (evaluation.passed, evaluation.severity) == expected
    assert evaluation.metadata["unique_id"].value == verdict.test


def test_a_test_of_several_models_is_observed_on_each() -> None:
    result = run_with([DataTestVerdict(SUM, 2)])
    observed = [event.asset_observation_data.asset_observation for event in result.get_asset_observation_events()]
    assert [check.asset_key for check in observed] == [AssetKey("agg_stay"), AssetKey("dim_courses")]
    assert {check.metadata["dagster_dbt/failed_row_count"].value for check in observed} == {2}


def test_a_check_that_the_run_leaves_out_is_not_judged() -> None:
    verdicts = [DataTestVerdict(RANGE, 3), DataTestVerdict(KEY, 3)]
    result = run_with(verdicts, selection=[AssetKey("agg_stay"), AssetKey("dim_courses")], without="key")
    assert [check.check_name for check in result.get_asset_check_evaluations()] == ["range"]


def run_with(
    verdicts: list[DataTestVerdict], selection: list[AssetKey] | None = None, without: str = ""
) -> ExecuteInProcessResult:
    """Dagster's run of assets and checks as dagster-dbt defines them, which yields these verdicts."""
    names = {"agg_stay": STAY, "dim_courses": COURSES}
    checks = [("range", RANGE), ("key", KEY)]

    @multi_asset(
        specs=[AssetSpec(name, metadata={UNIQUE_ID: model}, skippable=True) for name, model in names.items()],
        check_specs=[AssetCheckSpec(name, asset="agg_stay", metadata={UNIQUE_ID: test}) for name, test in checks],
        can_subset=True,
    )
    def models(context):
        yield from as_events(chosen_only(verdicts, context), context, MANIFEST)

    chosen = None
    if selection:
        left_out = AssetCheckKey(AssetKey("agg_stay"), without)
        chosen = AssetSelection.assets(*selection) - AssetSelection.checks(left_out)
    return materialize([models], selection=chosen, instance=DagsterInstance.ephemeral(), raise_on_error=True)
