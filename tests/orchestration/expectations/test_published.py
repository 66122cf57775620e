"""Each expectation on the published data with the row that provokes it, on marts that the test fills itself."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestration.checks.published import STATEMENTS, look_at_published, published_results
from orchestration.expectations.published import published_suites
from orchestration.loading.state.alerts import last_alerts

NOW = datetime.now(UTC)
HEALTHY = {
    "line_count": 1000,
    "rejected_count": 50,
    "event_count": 1000,
    "delivery_count": 1000,
    "redelivery_count": 10,
    "gate_late_count": 10,
    "conflict_count": 0,
    "play_count": 100,
    "open_play_count": 5,
    "without_course_count": 0,
    "uncatalogued_count": 0,
    "latest_delivered_at": NOW,
    "behind_seconds": 60,
}
AT_FAULT = {
    "silent": (
        "sources_are_fresh",
        {"latest_delivered_at": NOW - timedelta(hours=60)},
        "hours since the last delivery",
    ),
    "behind": ("sources_are_fresh", {"behind_seconds": 26 * 3600}, "hours behind the newest source: 26, at most 24"),
    "refused": ("lines_are_accepted", {"rejected_count": 51}, "refused lines: 51, at most 50 expected"),
    "late": ("deliveries_are_in_time", {"gate_late_count": 101}, "late deliveries: 101, at most 100 expected"),
    "twice": ("deliveries_come_once", {"redelivery_count": 201}, "repeated deliveries: 201, at most 200 expected"),
    "torn": ("statements_have_one_content", {"conflict_count": 2}, "statements with two contents: 2, at most 1"),
    "open": ("plays_have_an_end", {"open_play_count": 21}, "plays without an end: 21, at most 20 expected"),
    "homeless": ("activities_have_their_place", {"without_course_count": 51}, "events in no course: 51, at most 50"),
    "unknown": ("activities_have_their_place", {"uncatalogued_count": 51}, "events outside the catalogue: 51"),
}
HOURS = [
    ("steady", 80, 100.0, ""),
    ("steady", 51, 100.0, ""),
    ("tiny", 0, 40.0, ""),
    ("new", 500, None, ""),
    ("quiet", 49, 100.0, "events fewer than in this hour of earlier weeks: 51, at most 50 expected"),
    ("quiet", 0, 100.0, "events fewer than in this hour of earlier weeks: 100, at most 50 expected"),
    ("loud", 301, 100.0, "events more than in this hour of earlier weeks: 201, at most 200 expected"),
]


@pytest.fixture(scope="module")
def marts(warehouse) -> None:
    """The columns that the suites read, without rows."""
    warehouse.command("create database if not exists marts")
    nullable = ("uncatalogued_count", "behind_seconds")
    counts = ", ".join(
        f"{name} {'Nullable(UInt64)' if name in nullable else 'UInt64'}"
        for name in HEALTHY
        if name != "latest_delivered_at"
    )
    times = "latest_delivered_at DateTime64(3, 'UTC')"
    tables = {
        "agg_source_health": f"source String, {counts}, {times}",
        "agg_source_hours": "source String, hour_at DateTime64(3, 'UTC'), event_count UInt64, "
        "usual_volume Nullable(Float64)",
        "fct_required_verbs": "source String, verb String, event_count UInt64",
    }
    for name, columns in tables.items():
        warehouse.command(f"create table marts.{name} ({columns}) engine = MergeTree order by source")


@pytest.fixture(scope="module")
def found_when_empty(warehouse, settings, marts) -> list:
    return look_at_published(warehouse, settings.clickhouse)


@pytest.fixture(scope="module")
def findings(warehouse, settings, marts, found_when_empty) -> list[tuple[str, str, str, int]]:
    rows = {
        "well": {},
        "no_catalogue": {"uncatalogued_count": None},
        "without_events": {"event_count": 0, "delivery_count": 0, "redelivery_count": 0, "gate_late_count": 0}
        | {"play_count": 0, "open_play_count": 0, "behind_seconds": None},
        "no_plays": {"play_count": 0, "open_play_count": 0},
        "over": {"latest_delivered_at": NOW - timedelta(days=91), "behind_seconds": 91 * 86_400},
    }
    rows |= {source: changes for source, (_, changes, _) in AT_FAULT.items()}
    health = [[source, *(HEALTHY | changes).values()] for source, changes in rows.items()]
    warehouse.insert("marts.agg_source_health", health, column_names=["source", *HEALTHY])
    hours = [[source, NOW + timedelta(hours=i), count, usual] for i, (source, count, usual, _) in enumerate(HOURS)]
    warehouse.insert("marts.agg_source_hours", hours, column_names=["source", "hour_at", "event_count", "usual_volume"])
    warehouse.insert("marts.fct_required_verbs", [["web", "played", 3], ["web", "paused", 0]],
                     column_names=["source", "verb", "event_count"])  # fmt: skip
    return look_at_published(warehouse, settings.clickhouse)


def test_nothing_is_wrong_with_no_data(found_when_empty) -> None:
    assert found_when_empty == []


@pytest.mark.parametrize("source", AT_FAULT)
def test_a_source_at_fault_is_named_with_count_and_limit(findings, source: str) -> None:
    check, _, detail = AT_FAULT[source]
    [(found_check, _, found_detail, rows)] = [finding for finding in findings if finding[1] == source]
    assert (found_check, rows) == (check, 1)
    assert found_detail.startswith(detail)


def test_healthy_sources_are_not_named(findings) -> None:
    assert {"well", "no_catalogue", "no_plays", "without_events", "over", "steady", "tiny", "new"}.isdisjoint(
        {finding[1] for finding in findings}
    )


def test_the_worst_hour_of_a_source_stands_for_all(findings) -> None:
    by_source = {source: (detail, rows) for check, source, detail, rows in findings if check == "volumes_are_as_usual"}
    assert set(by_source) == {"quiet", "loud"}
    assert by_source["quiet"][0].startswith(HOURS[5][3])
    assert by_source["quiet"][1] == 2
    assert by_source["loud"][0].startswith(HOURS[6][3])


def test_a_required_verb_that_never_came_is_named(findings) -> None:
    detail = "verbs never seen: 1, at most 0 expected (paused)"
    assert [finding for finding in findings if finding[1] == "web"] == [("required_verbs_are_seen", "web", detail, 1)]


def test_the_last_look_is_what_the_status_shows(warehouse, findings) -> None:
    assert [(alert.alert, alert.source, alert.detail, alert.row_count) for alert in last_alerts(warehouse)] == sorted(
        findings
    )


def test_every_check_has_a_limit_and_every_limit_a_check() -> None:
    assert {check for suite in published_suites() for check in suite.checks.values()} == set(STATEMENTS)


def test_a_check_fails_for_its_own_findings_only(findings) -> None:
    late = [finding for finding in findings if finding[0] == "deliveries_are_in_time"]
    results = {evaluation.check_name: evaluation for evaluation in published_results(late)}
    assert [name for name, evaluation in results.items() if not evaluation.passed] == ["deliveries_are_in_time"]
    assert "late deliveries: 101, at most 100 expected" in results["deliveries_are_in_time"].metadata["sources"].value
