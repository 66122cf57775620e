"""Great Expectations at work: one ephemeral context for all loads of a run, analytics off, no row leaves ClickHouse.

Importing Great Expectations takes seconds, so this module is imported only when there is a load to judge.
"""

import logging
import os
from urllib.parse import quote

os.environ["GX_ANALYTICS_ENABLED"] = "False"

import great_expectations as gx
from great_expectations.core import ExpectationSuiteValidationResult

from orchestration.expectations.facts import facts_query
from orchestration.expectations.suites import explain, suite_for
from orchestration.expectations.verdict import LoadVerdict
from orchestration.settings import ClickHouse


class GateError(Exception):
    """An expectation could not be evaluated: an error of the gate, which says nothing about the data."""


class LoadJudge:
    """Great Expectations connected to ClickHouse."""

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
        asset = self._source.add_query_asset(f"load_{load_id}", query=facts_query(load_id, kind))
        batch = asset.add_batch_definition_whole_table("whole_load").get_batch()
        result = batch.validate(
            suite_for(kind, object_count),
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["object_id"],
                "return_unexpected_index_query": False,
                "include_unexpected_rows": False,
            },
        )
        return read_verdict(result)


def connection_string(engine: ClickHouse) -> str:
    """SQLAlchemy's address of the engine; for the setting see `resources.warehouse.SAFE_READS`."""
    options = "use_query_condition_cache=0" + ("&secure=true" if engine.secure else "")
    user, password = quote(engine.user, safe=""), quote(engine.password, safe="")
    return f"clickhousedb://{user}:{password}@{engine.host}:{engine.port}/ops?{options}"


def read_verdict(result: ExpectationSuiteValidationResult) -> LoadVerdict:
    """Sort the suite's result by object."""
    verdict = LoadVerdict()
    for each in result.results:
        raised = _exception_in(each.exception_info)
        if raised:
            raise GateError(f"{each.expectation_config.type}: {raised}")
        if each.success:
            continue
        is_critical = each.expectation_config.severity == "critical"
        rows = each.result.get("unexpected_index_list")
        if rows is None:
            verdict.held_entirely.append(explain(each.expectation_config.kwargs, each.result.get("observed_value")))
            continue
        for row in rows:
            reason = explain(each.expectation_config.kwargs, row)
            (verdict.held if is_critical else verdict.noted)[row["object_id"]].append(reason)
    return verdict


def _exception_in(info: dict) -> str:
    """The message of a raised expectation; GX nests it by metric, or not."""
    if "raised_exception" in info:
        return info.get("exception_message", "") or "raised" if info["raised_exception"] else ""
    messages = [_exception_in(each) for each in info.values() if isinstance(each, dict)]
    return next((message for message in messages if message), "")
