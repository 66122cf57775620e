"""What a build came to: the models that failed, the tests that failed, and whose fault the data tests point to.

A data test of severity `error` guards our SQL (keys, ranges, contracts): when it fails, a number is wrong, and the job
fails after every model was built and published. One of severity `warn` guards what the data should be (relationships):
it is an alert in `warehouse status`, and the job succeeds. Neither keeps a model from being built.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

SHOWN_ROWS = 3
SHOWN_COLUMNS = 6
_BROKEN = ("error", "fail", "runtime error")


@dataclass(frozen=True)
class FailedTest:
    """A data test that a build saw fail: the model and columns it is about, rows at fault and the first of them."""

    name: str
    model: str
    is_fault_of_sql: bool
    row_count: int
    first_rows: str

    def __str__(self) -> str:
        rows = "1 row" if self.row_count == 1 else f"{self.row_count:,} rows"
        return f"test {self.name}: {rows} at fault" + (f", first: {self.first_rows}" if self.first_rows else "")


@dataclass(frozen=True)
class Outcome:
    """A finished build: failed models in dbt's words, and the data tests that failed."""

    failed_models: tuple[str, ...] = ()
    failed_tests: tuple[FailedTest, ...] = ()

    @property
    def faults(self) -> list[str]:
        """Why the build's job fails; empty when it succeeds."""
        return [*self.failed_models, *(str(test) for test in self.failed_tests if test.is_fault_of_sql)]

    @property
    def status(self) -> str:
        """As ops.builds names it: failure (models are missing), tests_failed (all are published) or success."""
        if self.failed_models:
            return "failure"
        return "tests_failed" if self.faults else "success"

    @property
    def alerts(self) -> list[tuple[str, str, str, int]]:
        """(alert, source, detail, rows) of the tests that data can fail; the source of the events is not known."""
        return [
            (test.name, "", f"rows of {test.model} at fault, first: {test.first_rows}", test.row_count)
            for test in self.failed_tests
            if not test.is_fault_of_sql
        ]


def read_outcome(target: Path, manifest: Mapping[str, Any], client: Client) -> Outcome:
    """The outcome from dbt's own account in `target`; the first rows at fault are asked of the engine.

    Without an account dbt did not come that far: that is a failed build as well.
    """
    try:
        results = json.loads((target / "run_results.json").read_text())["results"]
    except (OSError, ValueError, KeyError):
        return Outcome(("dbt ended without an account of its run",))
    broken = [f"{node_name(result['unique_id'])}: {_message(result)}" for result in results if _is(result, _BROKEN)]
    nodes = manifest["nodes"]
    failed = [result for result in results if _is(result, ("warn",)) and result["unique_id"] in nodes]
    return Outcome(tuple(broken), tuple(_failed_test(result, nodes, client) for result in failed))


def node_name(unique_id: str) -> str:
    """`model fct_sessions`, `unit test fct_sessions.test_a_gap`; the hash behind a data test's name says nothing."""
    kind, _, *name = unique_id.split(".")
    return f"{kind.replace('_', ' ')} {'.'.join(name[:1] if kind == 'test' else name)}"


def _is(result: Mapping[str, Any], statuses: Iterable[str]) -> bool:
    return result["status"] in statuses


def _message(result: Mapping[str, Any]) -> str:
    return " ".join((result.get("message") or result["status"]).split())[:400]


def _failed_test(result: Mapping[str, Any], nodes: Mapping[str, Any], client: Client) -> FailedTest:
    node = nodes[result["unique_id"]]
    model = (node.get("attached_node") or node["name"]).rpartition(".")[2]
    is_fault_of_sql = node["config"]["severity"].lower() == "error"
    rows = _first_rows(client, result.get("compiled_code") or "", node.get("column_name"))
    return FailedTest(node["name"], model, is_fault_of_sql, int(result.get("failures") or 0), rows)


def _first_rows(client: Client, sql: str, column: str | None) -> str:
    """The first rows that a test returns, as `name=value`: the leading columns, which hold the key, and the tested one.

    Empty when the engine cannot say: the test's verdict stands without them.
    """
    if not sql:
        return ""
    try:
        answer = client.query(f"select * from (\n{sql}\n) limit {SHOWN_ROWS}")
    except ClickHouseError:
        return ""
    names = answer.column_names
    shown = [place for place, name in enumerate(names) if place < SHOWN_COLUMNS or name == column]
    rows = [", ".join(f"{names[place]}={row[place]}" for place in shown) for row in answer.result_rows]
    return "; ".join(f"({row})" for row in rows)
