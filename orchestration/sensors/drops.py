"""Is there anything to load? The ledger decides; the cursor only says where the last tick stopped looking.

A tick lists today's and yesterday's folders of every source, and a bounded stretch of the rest of the lake, so that a
lake of a million objects never makes it late. Losing the cursor loses nothing: the next ticks look at everything again.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from clickhouse_connect.driver.client import Client
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from orchestration.loading import WarehouseError, prepare_warehouse
from orchestration.loading.discover import sort_entries
from orchestration.loading.ledger import committed_ids, failures, server_now
from orchestration.loading.objects import RAW_TABLES, Lake, LakeObject, object_id
from orchestration.resources.connections import LakeResource, WarehouseResource
from orchestration.settings import SettingsError

OBJECTS_PER_TICK = 20_000
"""Listed per tick outside today's and yesterday's folders: about 2 s; a tick is cut off after 60 s."""
PAGE = 1_000
UNFINISHED = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def find_due_drop(client: Client, lake: Lake, cursor: str, today: date) -> tuple[str, str]:
    """(key of a drop that is due or '', where the next tick goes on)."""
    for folder in _recent_folders(lake, today):
        due = _first_due(client, lake.bucket, lake.list_objects(folder))
        if due:
            return due, cursor
    cursor = cursor if cursor.partition("/")[0] in RAW_TABLES else ""
    budget, start = OBJECTS_PER_TICK, cursor
    for each in _rotated(cursor.partition("/")[0]):
        entries = list(islice(lake.list_objects(f"{each}/", start), budget))
        due = _first_due(client, lake.bucket, iter(entries))
        if due:
            return due, start
        budget -= len(entries)
        if budget <= 0:
            return "", entries[-1].key
        start = ""
    return "", ""


def _rotated(kind: str) -> list[str]:
    """All kinds, this one first."""
    kinds = list(RAW_TABLES)
    position = kinds.index(kind) if kind else 0
    return kinds[position:] + kinds[:position]


def _recent_folders(lake: Lake, today: date) -> list[str]:
    days = (today, today - timedelta(days=1))
    return [f"{source}dt={day:%Y-%m-%d}/" for source in lake.list_folders("events/") for day in days]


def _first_due(client: Client, bucket: str, entries: Iterator[LakeObject]) -> str:
    """Key of the first drop that a load would do something about."""
    failed = failures(client)
    while page := list(islice(entries, PAGE)):
        committed = committed_ids(client, [object_id(bucket, entry) for entry in page])
        due = sort_entries(bucket, page, committed, failed, server_now(client)).actionable
        if due:
            return due[0].key
    return ""


def unfinished_run(instance: DagsterInstance, jobs: tuple[str, ...]) -> str:
    """Why a new load must wait; empty when none is queued or running."""
    for job in jobs:
        runs = instance.get_run_records(RunsFilter(job_name=job, statuses=UNFINISHED), limit=1)
        if runs:
            status = runs[0].dagster_run.status.value.lower()
            return f"A run of {job} is {status}; it will load what is due."
    return ""


def evaluate(
    instance: DagsterInstance, client: Client, lake: Lake, cursor: str, today: date, jobs: tuple[str, ...]
) -> SensorResult:
    """One tick, without Dagster's context."""
    wait = unfinished_run(instance, jobs)
    if wait:
        return SensorResult(skip_reason=SkipReason(wait), cursor=cursor)
    due, cursor = find_due_drop(client, lake, cursor, today)
    if not due:
        return SensorResult(skip_reason=SkipReason("Every drop that was looked at is in the ledger."), cursor=cursor)
    # No run_key: the key of a failed run would keep its objects out for ever.
    return SensorResult(run_requests=[RunRequest(tags={"drop": due[:200]})], cursor=cursor)


def define_drops_sensor(job, jobs: tuple[str, ...]) -> SensorDefinition:
    """The sensor that requests `job`, unless one of `jobs` is about to load anyway."""

    @sensor(
        name="drops_sensor",
        job=job,
        minimum_interval_seconds=60,
        default_status=DefaultSensorStatus.RUNNING,
        description="Requests one load when the lake holds a drop that the ledger does not know.",
    )
    def drops_sensor(context: SensorEvaluationContext, warehouse: WarehouseResource, lake: LakeResource):
        try:
            client = warehouse.connect()
            prepare_warehouse(client, warehouse.settings())
            today = datetime.now(UTC).date()
            return evaluate(context.instance, client, lake.connect(), context.cursor or "", today, jobs)
        except (WarehouseError, SettingsError) as error:
            return SensorResult(skip_reason=SkipReason(str(error)), cursor=context.cursor or "")

    return drops_sensor
