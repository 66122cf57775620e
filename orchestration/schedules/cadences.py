"""The cadences: near_real_time every ten minutes when something is not built, nightly and weekly whatever happened.

The sensor sees what came and asks for a run at once. The ten-minute schedule sees what was loaded and is not built,
as after a build that failed, a release or a change of the code. So they do one job between them.
"""

from clickhouse_connect.driver.client import Client
from dagster import (
    DagsterInstance,
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)
from dagster._core.scheduler.instigation import InstigatorType

from orchestration.assets.dbt_project import build_fingerprint
from orchestration.assets.raw import load_config
from orchestration.loading import WarehouseError, last_build, prepare_warehouse
from orchestration.loading.lake.objects import Lake
from orchestration.loading.lake.scope import Tier, scope_of
from orchestration.loading.ledger.entries import server_now
from orchestration.loading.state.builds import BUILD_JOBS
from orchestration.loading.state.unjudged import has_unjudged_loads
from orchestration.resources.connections import LakeResource, WarehouseResource
from orchestration.sensors.drops import LOOK_BUDGET, SENSOR_NAME, unfinished_run
from orchestration.sensors.scan import START, scan
from orchestration.settings import SettingsError


def reason_to_skip(client: Client, lake: Lake | None) -> str:
    """Why a near_real_time run would change nothing; empty when it would.

    What came is the sensor's to see: this asks whether all that was loaded is built, as after a build that failed.
    Only where the sensor is off, and the lake is given, this looks at today and yesterday, as far as a tick can.
    """
    if lake:
        recent = scope_of(lake, Tier.RECENT, server_now(client).date())
        if not scan(client, lake, recent.prefixes, START, LOOK_BUDGET).is_complete or has_unjudged_loads(client):
            return ""
    build = last_build(client)
    if build and build.is_complete and build.fingerprint == build_fingerprint(client):
        return f"Nothing new since {build.job} built the marts at {build.finished_at:%Y-%m-%d %H:%M} UTC."
    return ""


def is_sensor_on(instance: DagsterInstance) -> bool:
    """Whether the drops sensor runs: as the code declares it, or as a person set it in the UI."""
    states = instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
    own = [state for state in states if state.instigator_name == SENSOR_NAME]
    return all(state.is_running for state in own)


def define_near_real_time_schedule(job) -> ScheduleDefinition:
    """Every ten minutes: load, gate, core facts and what is tagged near_real_time."""

    @schedule(
        job=job,
        cron_schedule="*/10 * * * *",
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Builds the near-real-time models when something is not built; loads where the sensor is off.",
    )
    def near_real_time_schedule(context: ScheduleEvaluationContext, warehouse: WarehouseResource, lake: LakeResource):
        wait = unfinished_run(context.instance, BUILD_JOBS)
        if wait:
            return SkipReason(wait)
        try:
            client = warehouse.connect()
            prepare_warehouse(client, warehouse.settings())
            skip = reason_to_skip(client, None if is_sensor_on(context.instance) else lake.connect())
        except (WarehouseError, SettingsError) as error:
            return SkipReason(str(error))
        return SkipReason(skip) if skip else RunRequest(run_config=load_config(Tier.RECENT))

    return near_real_time_schedule


def define_nightly_schedule(job) -> ScheduleDefinition:
    """Once a day: all models, and raw set against the ledger."""
    return ScheduleDefinition(
        name="nightly_schedule",
        job=job,
        cron_schedule="0 2 * * *",
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Loads what is due in the whole lake, builds the models and compares raw with the ledger.",
    )


def define_weekly_schedule(job) -> ScheduleDefinition:
    """Once a week, when the ISO week is over and Sunday's drops have come: all models, learner segments included."""
    return ScheduleDefinition(
        name="weekly_schedule",
        job=job,
        cron_schedule="0 4 * * 1",
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Loads what is due in the whole lake and builds all models, those of whole weeks included.",
    )
