"""Dagster's look at the real-time path, through what the path writes to the lake: it watches, and runs nothing."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from clickhouse_connect.driver.client import Client
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey, multi_asset_check

from orchestration.checks.realtime_parity import ACTIONS_KEY, STATUS_KEY, compare_with_marts, shown
from orchestration.resources.connections import LakeResource, WarehouseResource
from orchestration.resources.lake import S3Lake

AGREES, CONSUMED = "actions_agree_with_the_stream", "stream_is_consumed"
TRIGGERS_MART = AssetKey(["marts", "fct_action_triggers"])
SILENT_AFTER = timedelta(minutes=10)
LAG_MAX = 100_000
"""Messages that are not consumed; at 20,000 a second a worker needs five seconds for them."""
_NO_PATH = {"path": "none: it has written nothing to the lake"}


@multi_asset_check(
    name="realtime",
    specs=[
        AssetCheckSpec(
            AGREES, asset=TRIGGERS_MART, description="Yesterday's unlocks and remediations are those of the lake."
        ),
        AssetCheckSpec(CONSUMED, asset=TRIGGERS_MART, description="The real-time path reports, and is not behind."),
    ],
)
def realtime(warehouse: WarehouseResource, lake: LakeResource) -> Iterator[AssetCheckResult]:
    """Both hold where there is no real-time path; a path that stopped reporting is told from none."""
    now = datetime.now(UTC)
    bucket = lake.connect()
    status = read_document(bucket, STATUS_KEY)
    yield _result(CONSUMED, *consumed(status, now))
    if status is None:
        yield _result(AGREES, True, _NO_PATH)
        return
    yield _result(AGREES, *agreement(warehouse.connect(), bucket, now.date() - timedelta(days=1)))


def consumed(status: dict[str, Any] | None, now: datetime) -> tuple[bool, dict[str, Any]]:
    """Whether the path reported lately and is not behind, with the numbers."""
    if status is None:
        return True, _NO_PATH
    age = now - datetime.fromisoformat(status["written_at"])
    metadata = {
        "reported": status["written_at"],
        "lag": status["total_lag"],
        "undelivered": status["undelivered_count"],
        "last_action_at": str(status["last_action_at"]),
    }
    return age <= SILENT_AFTER and status["total_lag"] <= LAG_MAX, metadata


def agreement(client: Client, lake: S3Lake, day: date) -> tuple[bool, dict[str, Any]]:
    """Whether lake and stream agree on the day, with the differences."""
    document = read_document(lake, ACTIONS_KEY.format(day=day))
    if document is None:
        return True, {"path": f"no document of {day}: it did not run then"}
    comparison = compare_with_marts(client, document)
    return comparison.agrees, {
        "day": document["day"],
        "of_the_lake": comparison.lake_count,
        "of_the_stream": comparison.stream_count,
        "late": comparison.late_count,
        "only_in_the_lake": shown(comparison.only_in_lake),
        "only_in_the_stream": shown(comparison.only_in_stream),
    }


def read_document(lake: S3Lake, key: str) -> dict[str, Any] | None:
    """A document that the path wrote; None without one."""
    if lake.head_object(key) is None:
        return None
    return json.loads(b"".join(lake.read_chunks(key, 1 << 20)))


def _result(name: str, passed: bool, metadata: dict[str, Any]) -> AssetCheckResult:
    return AssetCheckResult(
        check_name=name, asset_key=TRIGGERS_MART, passed=passed, severity=AssetCheckSeverity.WARN, metadata=metadata
    )
