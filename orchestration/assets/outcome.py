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

    def __add__(self, other: "Outcome") -> "Outcome":
        """Of two parts of a build."""
        return Outcome(self.failed_models + other.failed_models, self.failed_tests + other.failed_tests)

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


@dataclass(frozen=True)
class Account:
    """dbt's own account of its run."""

    invocation_id: str = ""
    results: tuple[Mapping[str, Any], ...] = ()
    is_there: bool = True

    @property
    def built(self) -> set[str]:
        """Unique ids of the models and seeds that were built."""
        return {result["unique_id"] for result in self.results if _is(result, ("success",))}

    @property
    def failed(self) -> list[str]:
        """Unique ids of what failed; what is made from it was skipped."""
        return [result["unique_id"] for result in self.results if _is(result, _BROKEN)]


def read_account(target: Path) -> Account:
    """The account in dbt's target folder; none is there when dbt did not come that far."""
    try:
        account = json.loads((target / "run_results.json").read_text())
        return Account(account["metadata"]["invocation_id"], tuple(account["results"]))
    except (OSError, ValueError, KeyError):
        return Account(is_there=False)


def read_outcome(account: Account, manifest: Mapping[str, Any], client: Client) -> Outcome:
    """The outcome by dbt's own account; the first rows at fault are asked of the engine.

    A run without an account is a failed build as well.
    """
    if not account.is_there:
        return Outcome(("dbt ended without an account of its run",))
    results, nodes = account.results, manifest["nodes"]
    broken = [f"{node_name(result['unique_id'])}: {_message(result)}" for result in results if _is(result, _BROKEN)]
    failed = [
        failed_test(nodes[result["unique_id"]], result.get("failures") or 0, result.get("compiled_code") or "", client)
        for result in results
        if _is(result, ("warn",)) and result["unique_id"] in nodes
    ]
    return Outcome(tuple(broken), tuple(failed))


def node_name(unique_id: str) -> str:
    """`model fct_sessions`, `unit test fct_sessions.test_a_gap`; the hash behind a data test's name says nothing."""
    kind, _, *name = unique_id.split(".")
    return f"{kind.replace('_', ' ')} {'.'.join(name[:1] if kind == 'test' else name)}"


def _is(result: Mapping[str, Any], statuses: Iterable[str]) -> bool:
    return result["status"] in statuses


def _message(result: Mapping[str, Any]) -> str:
    return " ".join((result.get("message") or result["status"]).split())[:400]


def is_error(test: Mapping[str, Any]) -> bool:
    """Whether a data test guards our SQL: its severity is `error`, as it is unless the test says otherwise."""
    return test.get("config", {}).get("severity", "error").lower() == "error"


def failed_test(test: Mapping[str, Any], row_count: int, faulty_rows: str, client: Client) -> FailedTest:
    """A test of the manifest that found `row_count` rows; the SQL `faulty_rows` shows the first of them."""
    model = (test.get("attached_node") or test["name"]).rpartition(".")[2]
    rows = _first_rows(client, faulty_rows, test.get("column_name"))
    return FailedTest(test["name"], model, is_error(test), int(row_count), rows)


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
