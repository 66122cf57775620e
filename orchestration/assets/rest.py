"""Whether the models need no build: nothing that they are made from has changed since they were built and tested."""

from datetime import timedelta

from clickhouse_connect.driver.client import Client
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from orchestration.assets.dbt_project import build_fingerprint
from orchestration.loading.state.builds import covering_build

RESTING_JOB = "near_real_time"
"""The others run once a day or less, and also look at what the clock changes: a source that has fallen silent."""

CLOCK_STEP = timedelta(seconds=1)
"""Dagster's database keeps whole seconds."""


def reason_to_rest(client: Client, instance: DagsterInstance, job: str) -> str:
    """Why a build by this job would change nothing; empty when it may change something.

    The last build that had all the models of the job must have succeeded, tests included, on the lines that are live
    now and with the project's files of today. A run that failed since then may have built a part of them from others.
    """
    if job != RESTING_JOB:
        return ""
    build = covering_build(client, job)
    if build is None or build.status != "success" or build.fingerprint != build_fingerprint(client):
        return ""
    broken = [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
    since = build.finished_at - CLOCK_STEP
    if instance.get_run_records(RunsFilter(statuses=broken, updated_after=since), limit=1):
        return ""
    return f"Nothing new since {build.job} built the marts at {build.finished_at:%Y-%m-%d %H:%M:%S} UTC."
