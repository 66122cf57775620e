"""The cadences: near_real_time every ten minutes when something changed, nightly whatever happened."""

from dagster import (
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)

from orchestration.assets.dbt_project import build_fingerprint
from orchestration.assets.marts import BUILD_JOBS
from orchestration.loading import WarehouseError, last_build, pending, prepare_warehouse
from orchestration.resources.connections import LakeResource, WarehouseResource
from orchestration.sensors.drops import unfinished_run
from orchestration.settings import SettingsError


def reason_to_skip(client, lake) -> str:
    """Why a near_real_time run would change nothing; empty when it would."""
    if pending(client, lake):
        return ""
    build = last_build(client)
    if build and build.status == "success" and build.fingerprint == build_fingerprint(client):
        return f"Nothing new since {build.job} built the marts at {build.finished_at:%Y-%m-%d %H:%M} UTC."
    return ""


def define_near_real_time_schedule(job) -> ScheduleDefinition:
    """Every ten minutes: load, gate, core facts and what is tagged near_real_time."""

    @schedule(
        job=job,
        cron_schedule="*/10 * * * *",
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Loads what is due and builds the near-real-time models, when there is anything new.",
    )
    def near_real_time_schedule(context: ScheduleEvaluationContext, warehouse: WarehouseResource, lake: LakeResource):
        wait = unfinished_run(context.instance, BUILD_JOBS)
        if wait:
            return SkipReason(wait)
        try:
            client = warehouse.connect()
            prepare_warehouse(client, warehouse.settings())
            skip = reason_to_skip(client, lake.connect())
        except (WarehouseError, SettingsError) as error:
            return SkipReason(str(error))
        return SkipReason(skip) if skip else RunRequest()

    return near_real_time_schedule


def define_nightly_schedule(job) -> ScheduleDefinition:
    """Once a day: all models, and raw set against the ledger."""
    return ScheduleDefinition(
        name="nightly_schedule",
        job=job,
        cron_schedule="0 2 * * *",
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Loads what is due, builds all models and compares raw with the ledger.",
    )
