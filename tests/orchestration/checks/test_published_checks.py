"""The checks on the published data warn, hold nothing, and say so when they could not look."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from dagster import AssetCheckSeverity, DagsterInstance, asset, materialize

from orchestration.checks import published as published_module
from orchestration.checks.published import STATEMENTS, look_at_published, published, warning_result
from orchestration.expectations.deadline import NoAnswer
from orchestration.expectations.thresholds import thresholds
from orchestration.loading.ledger.entries import server_now
from orchestration.loading.state.alerts import warned_objects
from orchestration.resources.connections import WarehouseResource


def checked(settings, monkeypatch, findings) -> list:
    """The evaluations of a run in which the look has found this, or raised it."""

    def look(client, engine):
        if isinstance(findings, Exception):
            raise findings
        return findings

    monkeypatch.setattr("orchestration.resources.connections.load_settings", lambda: settings)
    monkeypatch.setattr(published_module, "look_at_published", look)

    def mart(name: str):
        return asset(name=name, key_prefix="marts")(lambda: None)

    marts = [mart(name) for name in sorted({mart for mart, _ in STATEMENTS.values()})]
    with DagsterInstance.ephemeral() as instance:
        run = materialize([*marts, published], resources={"warehouse": WarehouseResource()}, instance=instance)
    assert run.success
    return run.get_asset_check_evaluations()


def test_a_finding_is_a_warning_and_the_run_goes_on(warehouse, settings, monkeypatch) -> None:
    findings = [("plays_have_an_end", "web", "plays without an end: 9, at most 1 expected", 1)]
    failed = [evaluation for evaluation in checked(settings, monkeypatch, findings) if not evaluation.passed]
    assert [(evaluation.check_name, evaluation.severity) for evaluation in failed] == [
        ("plays_have_an_end", AssetCheckSeverity.WARN)
    ]


def test_a_look_that_raises_fails_every_check_and_says_why(warehouse, settings, monkeypatch) -> None:
    results = checked(settings, monkeypatch, ConnectionError("engine gone"))
    assert {evaluation.check_name for evaluation in results if not evaluation.passed} == set(STATEMENTS)
    assert {evaluation.metadata["error"].value for evaluation in results} == {"engine gone"}
    assert {evaluation.severity for evaluation in results} == {AssetCheckSeverity.WARN}


def test_a_look_that_hangs_is_given_up(warehouse, settings, monkeypatch) -> None:
    """The query answers after three seconds, the limit is half of one."""
    monkeypatch.setattr(published_module, "count_rows", lambda client, *_: client.query("select sleep(3)"))
    monkeypatch.setattr(published_module, "thresholds", lambda: replace(thresholds(), judge_seconds_max=0.5))
    with pytest.raises(NoAnswer, match=r"no answer within 0\.5 seconds"):
        look_at_published(warehouse, settings.clickhouse)


def test_objects_with_a_warning_are_listed_with_their_reason(warehouse) -> None:
    since = server_now(warehouse)
    commit = ["L", "noted", "events/web/noted.ndjson", since]
    warehouse.insert("ops.load_commits", [commit, ["L", "good", "events/web/good.ndjson", since]],
                     column_names=["load_id", "object_id", "object_key", "committed_at"])  # fmt: skip
    warehouse.insert(
        "ops.load_gates",
        [
            ["L", "noted", "quarantine", "lines from the future: 3", since],
            ["L", "good", "pass", "", since],
            ["K", "noted", "quarantine", "of an earlier run", datetime(2026, 1, 1, tzinfo=UTC)],
        ],
        column_names=["load_id", "object_id", "verdict", "reason", "judged_at"],
    )
    assert warned_objects(warehouse, since) == [("events/web/noted.ndjson", "lines from the future: 3")]


def test_the_warning_counts_all_and_shows_some() -> None:
    result = warning_result([(f"events/web/{number}", "late") for number in range(60)])
    assert (result.passed, result.severity, result.metadata["objects"].value) == (False, AssetCheckSeverity.WARN, 60)
    assert result.metadata["reasons"].value.count("\n") == 49
    assert warning_result([]).passed
