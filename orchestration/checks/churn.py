"""Checks on churn: the set that the model learns from, and whether its scores may be read."""

from functools import partial

from clickhouse_connect.driver.client import Client
from dagster import AssetCheckResult, AssetCheckSeverity, AssetKey, asset_check

from orchestration.assets.churn import RUNS, TRAINING_SET
from orchestration.expectations.churn import CHECK, training_suite
from orchestration.expectations.counting import count_rows
from orchestration.expectations.deadline import answer_within
from orchestration.expectations.published import alerts_of
from orchestration.expectations.thresholds import thresholds
from orchestration.resources.connections import WarehouseResource
from orchestration.settings import ClickHouse


@asset_check(asset=AssetKey(TRAINING_SET), name=CHECK)
def training_set_is_sound(warehouse: WarehouseResource) -> AssetCheckResult:
    """No row of the training set is there twice, knows the future, or has a label whose horizon is open."""
    faults = faults_of_training_set(warehouse.connect(), warehouse.settings().clickhouse)
    return AssetCheckResult(
        passed=not faults, severity=AssetCheckSeverity.ERROR, metadata={"faults": "\n".join(faults)}
    )


@asset_check(asset=AssetKey(RUNS), name="scores_are_published")
def scores_are_published(warehouse: WarehouseResource) -> AssetCheckResult:
    """The newest churn model may be read: it beats the baseline, is calibrated, has not drifted, and saw enough."""
    return verdict_on_scores(warehouse.connect())


def faults_of_training_set(client: Client, engine: ClickHouse) -> list[str]:
    """What Great Expectations says of the training set; it is asked only when something was counted."""
    suite = training_suite()
    _, fault_count = count_rows(client, suite.query, suite.limits.values())
    if not fault_count:
        return []
    from orchestration.expectations.judge import LoadJudge, raise_for_errors

    ask = partial(LoadJudge(engine).validate, suite.mart, suite.query, suite.suite)
    result = answer_within(thresholds().judge_seconds_max, ask, "great expectations")
    raise_for_errors(result)
    return [alert.detail for alert in alerts_of(suite, result)]


def verdict_on_scores(client: Client) -> AssetCheckResult:
    """A warning, with the figures, when nothing is published: people must not wait for scores that will not come."""
    from orchestration.churn.records import last_run  # it imports pandas

    run, figures = last_run(client)
    if not run:
        return AssetCheckResult(
            passed=False, severity=AssetCheckSeverity.WARN, metadata={"reason": "no model was trained yet"}
        )
    shown = {figure["measure"]: _shown(figure) for figure in figures} if run["model"] else {}
    return AssetCheckResult(passed=run["status"] == "published", severity=AssetCheckSeverity.WARN, metadata=run | shown)


def _shown(figure: dict) -> str:
    interval = "" if figure["value_low"] is None else f" ({figure['value_low']:.3f} to {figure['value_high']:.3f})"
    return f"{figure['value']:.3f}{interval}"
