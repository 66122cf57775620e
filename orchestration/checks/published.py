"""The suites on the published data as asset checks. Nothing is held here: each result is a warning for a person.

What was found stays in ops.alerts, where `warehouse status` reads it without Great Expectations.
"""

from collections.abc import Iterator
from functools import partial

from clickhouse_connect.driver.client import Client
from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    asset_check,
    multi_asset_check,
)

from orchestration.checks.gate import EVENT_LINES
from orchestration.expectations.counting import count_rows
from orchestration.expectations.deadline import answer_within
from orchestration.expectations.published import PublishedSuite, alerts_of, published_suites
from orchestration.expectations.thresholds import thresholds
from orchestration.loading.state.alerts import record_alerts, warned_objects
from orchestration.resources.connections import WarehouseResource
from orchestration.settings import ClickHouse

SHOWN = 50
HEALTH, HOURS, VERBS = "agg_source_health", "agg_source_hours", "fct_required_verbs"
STATEMENTS = {
    "sources_are_fresh": (HEALTH, "Each source delivered lately, by the clock, and none lies far behind the newest."),
    "lines_are_accepted": (HEALTH, "Few lines are refused, those of drops that the gate holds counted as well."),
    "deliveries_are_in_time": (HEALTH, "Few statements come so late that they change weeks that people have read."),
    "deliveries_come_once": (HEALTH, "Few statements are delivered again."),
    "statements_have_one_content": (HEALTH, "Hardly a statement comes with two contents under one id."),
    "plays_have_an_end": (HEALTH, "Of most plays something says how far they went."),
    "activities_have_their_place": (HEALTH, "Most events are on activities of a course, and of the catalogue."),
    "volumes_are_as_usual": (HOURS, "Each hour of the last week has about the events of that hour in earlier weeks."),
    "required_verbs_are_seen": (VERBS, "Each source sends the verbs that seeds/required_verbs.csv asks of it."),
}
"""Check → the mart it looks at, and what must hold."""
PUBLISHED_SPECS = [
    AssetCheckSpec(name, asset=AssetKey(["marts", mart]), description=description)
    for name, (mart, description) in STATEMENTS.items()
]


@multi_asset_check(specs=PUBLISHED_SPECS, name="published")
def published(warehouse: WarehouseResource) -> Iterator[AssetCheckResult]:
    """Volume, freshness, lateness, repeats, conflicts, open plays, orphans and required verbs, source by source."""
    try:
        yield from published_results(look_at_published(warehouse.connect(), warehouse.settings().clickhouse))
    except Exception as error:
        for name in STATEMENTS:
            yield _result(name, False, {"error": str(error)[:500]})


@asset_check(asset=AssetKey(EVENT_LINES), name="no_object_has_a_warning")
def warnings(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> AssetCheckResult:
    """The gate had nothing to say about the objects that it let through in this run. Warnings hold no object."""
    started_at = context.instance.get_run_record_by_id(context.run.run_id).create_timestamp
    return warning_result(warned_objects(warehouse.connect(), started_at))


def look_at_published(client: Client, engine: ClickHouse) -> list[tuple[str, str, str, int]]:
    """(check, source, detail, rows at fault) of every expectation that does not hold; recorded in ops.alerts."""
    alerts, asked = [], 0
    for suite in published_suites():
        asked += len(suite.limits)
        count = partial(count_rows, client, suite.query, suite.limits.values())
        _, fault_count = answer_within(thresholds().judge_seconds_max, count, "the look at what is published")
        alerts += _judged(suite, engine) if fault_count else []
    record_alerts(client, alerts, asked)
    return alerts


def _judged(suite: PublishedSuite, engine: ClickHouse) -> list[tuple[str, str, str, int]]:
    """What Great Expectations says of the mart, whose import takes seconds."""
    from orchestration.expectations.judge import LoadJudge, raise_for_errors

    ask = partial(LoadJudge(engine).validate, suite.mart, suite.query, suite.suite)
    result = answer_within(thresholds().judge_seconds_max, ask, "great expectations")
    raise_for_errors(result)
    return [(alert.check, alert.source, alert.detail, alert.row_count) for alert in alerts_of(suite, result)]


def published_results(alerts: list[tuple[str, str, str, int]]) -> list[AssetCheckResult]:
    """One result per check: sources at fault, with the worst row of each."""
    results = []
    for name in STATEMENTS:
        own = [row for row in alerts if row[0] == name]
        details = "\n".join(f"{source}: {detail}; rows: {rows}" for _, source, detail, rows in own[:SHOWN])
        results.append(_result(name, not own, {"rows": sum(row[3] for row in own), "sources": details}))
    return results


def warning_result(warned: list[tuple[str, str]]) -> AssetCheckResult:
    return AssetCheckResult(
        passed=not warned,
        severity=AssetCheckSeverity.WARN,
        metadata={
            "objects": len(warned),
            "reasons": "\n".join(f"{key}: {reason}" for key, reason in warned[:SHOWN]),
        },
    )


def _result(name: str, passed: bool, metadata: dict) -> AssetCheckResult:
    return AssetCheckResult(
        check_name=name,
        asset_key=AssetKey(["marts", STATEMENTS[name][0]]),
        passed=passed,
        severity=AssetCheckSeverity.WARN,
        metadata=metadata,
    )
