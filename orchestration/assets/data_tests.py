"""The data tests of a scheduled build: one query for each table, after dbt has built the models.

As nodes of dbt, the tests of a small drop cost four times what its models do. So dbt only writes down what each test
asks (macros/data_tests), and here the engine answers for all tests of a table at once. The names, the severities and
what follows from a failed test are the same as when dbt runs them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched, groupby
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from dagster import AssetCheckResult, AssetCheckSeverity, AssetExecutionContext, AssetObservation

from orchestration.assets.outcome import Account, Outcome, failed_test, is_error, node_name
from orchestration.loading.state.data_tests import DataTest, asked_tests

MOST_AT_ONCE = 32
"""Tests of one query. A table has at most so many by rights; each that stands by itself is a query within the query."""
MESSAGE = 400
SHOWN = 3
UNIQUE_ID = "dagster_dbt/unique_id"


@dataclass(frozen=True)
class DataTestVerdict:
    """What the query of a table says about one data test."""

    test: str
    """The unique id in dbt."""
    fault_count: int = 0
    faulty_rows: str = ""
    """SQL: the rows at fault."""
    error: str = ""
    """Why there is no count; a test without one has not passed."""

    @property
    def has_passed(self) -> bool:
        return not self.error and self.fault_count == 0


def ask_data_tests(
    client: Client, account: Account, manifest: Mapping[str, Any], built_before: Collection[str] = ()
) -> list[DataTestVerdict]:
    """A verdict on every data test all of whose models this run of dbt has built, or, but for one, the run before."""
    due = due_tests(account, manifest, built_before)
    asked = [test for test in asked_tests(client, account.invocation_id) if test.test in due]
    missing = sorted(due.difference(test.test for test in asked))
    unasked = "dbt did not write down what it asks (macros/data_tests/write_test_queries.sql)"
    return [*count_faults(client, asked), *(DataTestVerdict(test, error=unasked) for test in missing)]


def due_tests(account: Account, manifest: Mapping[str, Any], built_before: Collection[str] = ()) -> set[str]:
    """The data tests that read something of this run, and nothing that neither it nor a part before has built."""
    built = account.built.union(built_before)
    nodes = manifest["nodes"].items()
    tests = {name: node["depends_on"]["nodes"] for name, node in nodes if node["resource_type"] == "test"}
    return {name for name, reads in tests.items() if built.issuperset(reads) and account.built.intersection(reads)}


def count_faults(client: Client, tests: Sequence[DataTest]) -> list[DataTestVerdict]:
    """The rows at fault for each test, by one query for each relation."""
    in_order = sorted(tests, key=lambda test: test.relation)
    return [
        verdict
        for relation, of_relation in groupby(in_order, key=lambda test: test.relation)
        for some in batched(of_relation, MOST_AT_ONCE)
        for verdict in _ask(client, relation, some)
    ]


def _ask(client: Client, relation: str, tests: Sequence[DataTest]) -> list[DataTestVerdict]:
    """One query for all; where the engine refuses it, one for each, so that a test that cannot run is known by name."""
    sql = f"select {',\n'.join(test.fault_count for test in tests)}" + (f"\nfrom {relation}" if relation else "")
    try:
        counts = client.query(sql).result_rows[0]
    except ClickHouseError as error:
        if len(tests) > 1:
            return [verdict for test in tests for verdict in _ask(client, relation, [test])]
        return [DataTestVerdict(tests[0].test, 0, tests[0].faulty_rows, " ".join(str(error).split())[:MESSAGE])]
    pairs = zip(tests, counts, strict=True)
    return [DataTestVerdict(test.test, int(count), test.faulty_rows) for test, count in pairs]


def with_verdicts(
    outcome: Outcome, verdicts: Collection[DataTestVerdict], manifest: Mapping[str, Any], client: Client
) -> Outcome:
    """The outcome of the build and its data tests. A test that could not be asked fails the build, as with dbt."""
    errors: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.error:
            errors.setdefault(verdict.error, []).append(node_name(verdict.test))
    unanswered = [f"{_few(names)}: {error}" for error, names in errors.items()]
    failed = [
        failed_test(manifest["nodes"][verdict.test], verdict.fault_count, verdict.faulty_rows, client)
        for verdict in verdicts
        if verdict.fault_count
    ]
    return Outcome((*outcome.failed_models, *unanswered), (*outcome.failed_tests, *failed))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more tests" if len(names) > SHOWN else "")


def chosen_only(verdicts: Collection[DataTestVerdict], context: AssetExecutionContext) -> list[DataTestVerdict]:
    """Without the tests that the run's selection of checks leaves out."""
    keys = _check_keys(context)
    chosen = context.selected_asset_check_keys
    return [verdict for verdict in verdicts if verdict.test not in keys or keys[verdict.test] in chosen]


def as_events(
    verdicts: Collection[DataTestVerdict], context: AssetExecutionContext, manifest: Mapping[str, Any]
) -> Iterator[AssetCheckResult | AssetObservation]:
    """The verdicts as Dagster shows those of dbt: checks, or, for a test of several models, observations on each."""
    keys = _check_keys(context)
    assets = {spec.metadata[UNIQUE_ID]: spec.key for spec in context.assets_def.specs}
    for verdict in verdicts:
        node = manifest["nodes"][verdict.test]
        metadata = {
            "unique_id": verdict.test,
            "status": "error" if verdict.error else "pass" if verdict.has_passed else "fail",
            **({"error": verdict.error} if verdict.error else {"dagster_dbt/failed_row_count": verdict.fault_count}),
        }
        if verdict.test in keys:
            severity = AssetCheckSeverity.ERROR if verdict.error or is_error(node) else AssetCheckSeverity.WARN
            key = keys[verdict.test]
            yield AssetCheckResult(
                passed=verdict.has_passed,
                asset_key=key.asset_key,
                check_name=key.name,
                severity=severity,
                metadata=metadata,
            )
        else:
            description = f"The data test {node['name']} of several models."
            for read in node["depends_on"]["nodes"]:
                yield AssetObservation(asset_key=assets[read], metadata=metadata, description=description)


def _check_keys(context: AssetExecutionContext) -> dict[str, Any]:
    """Dagster's check of each test that has one, by the test's unique id in dbt."""
    specs = context.assets_def.node_check_specs_by_output_name.values()
    return {spec.metadata[UNIQUE_ID]: spec.key for spec in specs}
