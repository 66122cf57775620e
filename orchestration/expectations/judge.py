"""Great Expectations at work: one ephemeral context for all loads of a run, analytics off, no row leaves ClickHouse.

Importing Great Expectations takes seconds, so this module is imported only when there is a load to judge.
"""

import logging
import os
from urllib.parse import quote

os.environ["GX_ANALYTICS_ENABLED"] = "False"

import great_expectations as gx
from great_expectations import ExpectationSuite
from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult

from orchestration.expectations.facts import facts_query
from orchestration.expectations.suites import explain, suite_for
from orchestration.expectations.verdict import LoadVerdict
from orchestration.settings import ClickHouse

NAMES = ("object_id", "missing_verb_names", "refused_counts", "source", "name", "at")
"""Columns that say which row is at fault, of those that the rows have."""


class GateError(Exception):
    """An expectation could not be evaluated: an error of the gate, which says nothing about the data."""


class LoadJudge:
    """Great Expectations connected to ClickHouse. It has no time limit: its caller gives one."""

    def __init__(self, engine: ClickHouse) -> None:
        logging.getLogger("great_expectations").setLevel(logging.ERROR)
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        self._source = self._context.data_sources.add_sql(
            "warehouse", connection_string=connection_string(engine), create_temp_table=False
        )

    def judge(self, load_id: str, kind: str, object_count: int) -> LoadVerdict:
        """Evaluate the kind's suite on the load's facts.

        Raises GateError when an expectation raised instead of answering.
        """
        result = self.validate(load_id, facts_query(load_id, kind), suite_for(kind, object_count))
        verdict = read_verdict(result)
        verdict.result = result
        return verdict

    def validate(self, name: str, query: str, suite: ExpectationSuite) -> ExpectationSuiteValidationResult:
        """The suite's answer on the rows of the query, with the rows at fault.

        Great Expectations says whether each expectation holds, in a handful of queries; one more has the rows.
        Asked for the rows itself, it sends five queries for each expectation (38 s for 40 of them on a busy machine),
        and returns the first 20 only.
        """
        asset = self._source.add_query_asset(f"{name}_{len(self._source.assets)}", query=query)
        batch = asset.add_batch_definition_whole_table("whole").get_batch()
        result = batch.validate(suite, result_format="BOOLEAN_ONLY")
        failed = [
            expectation
            for expectation in result.results
            if not expectation.success and not _exception_in(expectation.exception_info)
        ]
        columns = [
            expectation.expectation_config.kwargs["column"] for expectation in failed if _is_on_rows(expectation)
        ]
        is_at_fault = " or ".join(f"{column} > 0" for column in columns)
        with self._source.get_engine().connect() as connection:
            [[row_count]] = connection.exec_driver_sql(f"select count() from ({query})").fetchall()
            rows_at_fault = connection.exec_driver_sql(f"select * from ({query}) where {is_at_fault or 'false'}")
            rows = [dict(row) for row in rows_at_fault.mappings()]
        for expectation in result.results:
            expectation.result = _detail(expectation, rows, row_count)
        return result


def _is_on_rows(result: ExpectationValidationResult) -> bool:
    return "column" in result.expectation_config.kwargs


def _detail(result: ExpectationValidationResult, rows: list[dict], row_count: int) -> dict:
    """What Great Expectations itself would say of the rows at fault; none of them has a personal value."""
    if not _is_on_rows(result):
        return {"observed_value": row_count}
    column = result.expectation_config.kwargs["column"]
    at_fault = [row for row in rows if not result.success and row[column] > 0]
    if not result.success and not at_fault and not _exception_in(result.exception_info):
        raise GateError(f"{column}: something is at fault, but no row is")
    shown = (*NAMES, f"{column.rpartition('_over_')[0]}_found", column.replace("_over_", "_"))
    return {
        "element_count": row_count,
        "unexpected_count": len(at_fault),
        "unexpected_percent": 100 * len(at_fault) / max(row_count, 1),
        "unexpected_index_list": [{name: row[name] for name in shown if name in row} for row in at_fault],
    }


def connection_string(engine: ClickHouse) -> str:
    """SQLAlchemy's address of the engine; for the setting see `resources.warehouse.SAFE_READS`."""
    options = "use_query_condition_cache=0" + ("&secure=true" if engine.secure else "")
    user, password = quote(engine.user, safe=""), quote(engine.password, safe="")
    return f"clickhousedb://{user}:{password}@{engine.host}:{engine.port}/ops?{options}"


def raise_for_errors(result: ExpectationSuiteValidationResult) -> None:
    """Raise GateError for the first expectation that raised instead of answering."""
    for expectation in result.results:
        raised = _exception_in(expectation.exception_info)
        if raised:
            raise GateError(f"{expectation.expectation_config.type}: {raised}")


def read_verdict(result: ExpectationSuiteValidationResult) -> LoadVerdict:
    """Sort the suite's result by object."""
    raise_for_errors(result)
    verdict = LoadVerdict()
    for expectation in result.results:
        if expectation.success:
            continue
        is_critical = expectation.expectation_config.severity == "critical"
        rows = expectation.result.get("unexpected_index_list")
        if rows is None:
            verdict.held_entirely.append(
                explain(expectation.expectation_config.kwargs, expectation.result.get("observed_value"))
            )
            continue
        for row in rows:
            reason = explain(expectation.expectation_config.kwargs, row)
            (verdict.held if is_critical else verdict.noted)[row["object_id"]].append(reason)
    return verdict


def _exception_in(info: dict) -> str:
    """The message of a raised expectation; GX nests it by metric, or not."""
    if "raised_exception" in info:
        return info.get("exception_message", "") or "raised" if info["raised_exception"] else ""
    messages = [_exception_in(part) for part in info.values() if isinstance(part, dict)]
    return next((message for message in messages if message), "")
