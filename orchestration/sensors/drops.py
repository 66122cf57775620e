"""Is there anything to load? The ledger decides; cursor and queue only say where to look first.

A tick looks at the folders that the queue names, at today and yesterday, once an hour at the last week, and at a
bounded stretch of the rest of the lake: a lake of a million objects never makes it late. The tier where something is
due is what the requested run looks at, in full; a find of the sweep makes it look at everything. Losing the cursor, or
every message of the queue, loses nothing: the next ticks look at everything again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRecord,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)
from dagster._core.execution.stats import StepEventStatus

from orchestration.assets.raw import LOAD_STEP, load_config
from orchestration.assets.rest import RESTING_JOB
from orchestration.loading import WarehouseError, prepare_warehouse
from orchestration.loading.lake.objects import Lake
from orchestration.loading.lake.scope import EVERYTHING, Tier, scope_of
from orchestration.loading.ledger.entries import server_now
from orchestration.loading.state.unjudged import has_unjudged_loads
from orchestration.resources.connections import LakeResource, QueueResource, WarehouseResource
from orchestration.resources.queue import DropQueue
from orchestration.sensors.cursor import TICK_SECONDS, Cursor, read_cursor
from orchestration.sensors.scan import START, scan
from orchestration.settings import SettingsError

SENSOR_NAME = "drops_sensor"
LOOK_BUDGET = 20_000
"""Objects listed per tick and tier: about 2 s. A tick is cut off after 60 s; three tiers and the queue make 8 s."""
SWEEP_BUDGET = 10_000
"""Objects of the sweep, in every tick: a million are swept in two hours."""
LOOKED_AT = 5
QUEUED_SECONDS = 120.0
"""Two ticks: a run that nothing holds back has started by then."""
OVER = (StepEventStatus.SUCCESS, StepEventStatus.FAILURE, StepEventStatus.SKIPPED)
UNFINISHED = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True)
class DueLoad:
    """A reason to load, and how much of the lake the load looks at."""

    tier: Tier
    what: str


def search(
    client: Client, lake: Lake, cursor: Cursor, now: datetime, named: Sequence[str] = ()
) -> tuple[DueLoad | None, Cursor]:
    """The first reason to load, the most likely places first, and where the next search goes on."""
    if named:
        seen = scan(client, lake, named, START, LOOK_BUDGET)
        if not seen.is_complete:
            # More than a tick can list is left to the run: the messages are gone by then.
            return DueLoad(Tier.RECENT, seen.due or f"much below {named[0]}"), cursor
    recent = scope_of(lake, Tier.RECENT, now.date())
    seen = scan(client, lake, recent.prefixes, cursor.recent, LOOK_BUDGET)
    cursor = replace(cursor, recent=seen.next)
    if seen.due:
        return DueLoad(Tier.RECENT, seen.due), cursor
    if has_unjudged_loads(client):
        return DueLoad(Tier.RECENT, "a load without verdicts"), cursor
    return _search_further(client, lake, cursor, now)


def _search_further(client: Client, lake: Lake, cursor: Cursor, now: datetime) -> tuple[DueLoad | None, Cursor]:
    if cursor.is_week_due(now):
        week = scope_of(lake, Tier.WEEK, now.date())
        seen = scan(client, lake, week.prefixes, cursor.week, LOOK_BUDGET)
        ended = now.timestamp() if seen.is_complete else cursor.week_seconds
        cursor = replace(cursor, week=seen.next, week_seconds=ended)
        if seen.due:
            return DueLoad(Tier.WEEK, seen.due), cursor
    seen = scan(client, lake, EVERYTHING.prefixes, cursor.sweep, SWEEP_BUDGET)
    cursor = replace(cursor, sweep=seen.next)
    return DueLoad(Tier.EVERYTHING, seen.due) if seen.due else None, cursor


def unfinished_run(instance: DagsterInstance, jobs: tuple[str, ...]) -> str:
    """Why a new load must wait: a run is about to load, or one of the ten-minute path is at work; empty otherwise.

    A long run whose load is over is waited for no more: it takes up nothing that comes now.
    """
    for job in jobs:
        for record in instance.get_run_records(RunsFilter(job_name=job, statuses=UNFINISHED), limit=LOOKED_AT):
            status = record.dagster_run.status
            if job == RESTING_JOB or _is_yet_to_load(instance, record):
                return f"A run of {job} is {status.value.lower()}; it will load what is due."
    return ""


def _is_yet_to_load(instance: DagsterInstance, record: RunRecord) -> bool:
    """Whether a long run will load soon. One that waits behind another long run may wait for an hour."""
    age = (datetime.now(UTC) - record.create_timestamp).total_seconds()
    if record.dagster_run.status != DagsterRunStatus.STARTED:
        return age < QUEUED_SECONDS
    steps = instance.get_run_step_stats(record.dagster_run.run_id, [LOAD_STEP])
    return not any(step.status in OVER for step in steps)


def evaluate(
    instance: DagsterInstance,
    client: Client,
    lake: Lake,
    cursor_text: str,
    now: datetime,
    jobs: tuple[str, ...],
    queue: DropQueue | None = None,
    warn: Callable[[str], None] = print,
) -> SensorResult:
    """One tick, without Dagster's context."""
    wait = unfinished_run(instance, jobs)
    if wait:
        # The messages stay in the queue until they are of use.
        return SensorResult(skip_reason=SkipReason(wait), cursor=cursor_text)
    named = _named_prefixes(queue, warn)
    find, cursor = search(client, lake, read_cursor(cursor_text), now, named)
    if find is None:
        skip = SkipReason("Every drop that was looked at is in the ledger.")
        return SensorResult(skip_reason=skip, cursor=cursor.write())
    # No run_key: the key of a failed run would keep its objects out for ever. No keys of objects in the config: what
    # is due is decided when the run starts.
    request = RunRequest(
        run_config=load_config(find.tier, named), tags={"drop": find.what[:200], "tier": find.tier.value}
    )
    return SensorResult(run_requests=[request], cursor=cursor.write())


def _named_prefixes(queue: DropQueue | None, warn: Callable[[str], None]) -> list[str]:
    """The folders that the queue's messages name. A queue that does not answer is a hint less, and no more."""
    if queue is None:
        return []
    try:
        return queue.take_prefixes(warn)
    except WarehouseError as error:
        warn(str(error))
        return []


def define_drops_sensor(job, jobs: tuple[str, ...]) -> SensorDefinition:
    """The sensor that requests `job`, unless one of `jobs` is about to load anyway."""

    @sensor(
        name=SENSOR_NAME,
        job=job,
        minimum_interval_seconds=TICK_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Requests one load when the lake holds a drop that the ledger does not know.",
    )
    def drops_sensor(
        context: SensorEvaluationContext, warehouse: WarehouseResource, lake: LakeResource, queue: QueueResource
    ):
        try:
            settings = warehouse.settings()
            client = warehouse.connect()
            prepare_warehouse(client, settings)
            return evaluate(
                context.instance,
                client,
                lake.connect(),
                context.cursor or "",
                server_now(client),
                jobs,
                queue.connect(),
                context.log.warning,
            )
        except (WarehouseError, SettingsError) as error:
            return SensorResult(skip_reason=SkipReason(str(error)), cursor=context.cursor or "")

    return drops_sensor
