"""The sensor that tells people: once a minute it looks for problems, and sends what is new, what goes on, what is over.

It starts no run. What it knows lies in its cursor, and moves on only when every channel has taken the message: told
twice rather than never.
"""

from datetime import UTC, datetime
from pathlib import Path

from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from orchestration.alerts.channel import tell
from orchestration.alerts.incidents import follow, read, write
from orchestration.alerts.message import body, title
from orchestration.alerts.problems import FailedRun, Problem, find_problems, unreachable
from orchestration.loading import WarehouseError, prepare_warehouse
from orchestration.resources.connections import WarehouseResource
from orchestration.settings import SettingsError, alert_urls, warehouse_home

FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE]


def failed_runs(instance: DagsterInstance, jobs: tuple[str, ...], home: Path) -> list[FailedRun]:
    """The last finished run of each job, where it failed."""
    address = home / "up.url"
    ui = address.read_text().strip() if address.exists() else ""
    failed = []
    for job in jobs:
        for record in instance.get_run_records(RunsFilter(job_name=job, statuses=FINISHED), limit=1):
            if record.dagster_run.status is DagsterRunStatus.FAILURE:
                run_id = record.dagster_run.run_id
                link = f"{ui}/runs/{run_id}" if ui else f"run {run_id} in Dagster"
                failed.append(FailedRun(job, record.update_timestamp, link))
    return failed


def problems_now(
    warehouse: WarehouseResource, instance: DagsterInstance, jobs: tuple[str, ...], home: Path
) -> list[Problem]:
    """What is wrong now; an engine that does not answer is a problem as well."""
    try:
        client = warehouse.connect()
        prepare_warehouse(client, warehouse.settings())
        return find_problems(client, failed_runs(instance, jobs, home))
    except (WarehouseError, SettingsError) as error:
        return [unreachable(error)]


def define_alerts_sensor(jobs: tuple[str, ...]) -> SensorDefinition:
    """The sensor; `jobs` are those whose failure is a problem."""

    @sensor(
        name="alerts_sensor",
        minimum_interval_seconds=60,
        default_status=DefaultSensorStatus.RUNNING,
        description="Tells people what needs them: held and unreadable files, failed jobs and checks, old marts. Where "
        "it tells them is ALERT_URLS; see 'warehouse alerts --help'. Starts no run.",
    )
    def alerts_sensor(context: SensorEvaluationContext, warehouse: WarehouseResource) -> SensorResult:
        home, known = warehouse_home(), read(context.cursor or "")
        problems = problems_now(warehouse, context.instance, jobs, home)
        incidents, news = follow(known, problems, datetime.now(UTC))
        told = not news or tell(alert_urls(), title(news), body(news, str(home)), home, context.log.warning)
        open_problems = f"{len(problems)} open" if problems else "No problem"
        return SensorResult(
            skip_reason=SkipReason(f"{open_problems}. {title(news) if news else 'Nothing new to tell.'}"),
            cursor=write(incidents) if told else context.cursor,
        )

    return alerts_sensor
