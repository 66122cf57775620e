"""`warehouse run`: one pass from the lake to the marts, when there is anything to do."""

from dataclasses import dataclass
from enum import StrEnum

from orchestration.commands.context import CommandContext, open_warehouse
from orchestration.commands.display import shown_stages
from orchestration.commands.errors import EXIT_FAILED
from orchestration.commands.figures import count
from orchestration.commands.job_run import run_dagster_job
from orchestration.commands.run_report import exit_code, report, say, what_waits
from orchestration.resources.run_locks import killed_runs


class Job(StrEnum):
    """The jobs that can be run by hand."""

    NEAR_REAL_TIME = "near_real_time"
    NIGHTLY = "nightly"
    WEEKLY = "weekly"


@dataclass(frozen=True)
class Rest:
    """Why a run would change nothing, and the exit code that says whether everything delivered is published."""

    reason: str
    exit_code: int = 0


def run_job(job: Job) -> int:
    """The exit code: 0 everything delivered is published, or nothing was delivered; 3 something is held back, by this
    run or since before; 1 failed."""
    from orchestration.loading.ledger.entries import server_now

    with open_warehouse() as warehouse:
        rest = reason_to_rest(warehouse, job)
        if rest:
            say(rest.reason)
            return rest.exit_code
        since = server_now(warehouse.connect())
        with shown_stages() as stages:
            run = run_dagster_job(job.value, warehouse.settings, stages)
        return report(run, state_of(warehouse), since)


def state_of(warehouse: CommandContext):
    """The status now."""
    from orchestration.loading import status

    return status(warehouse.connect(), warehouse.lake())


def reason_to_rest(warehouse: CommandContext, job: Job) -> Rest | None:
    """Why a run would change nothing; None when it would. Asks the ledger only: Dagster is not even imported."""
    from orchestration.loading import is_anything_due, is_ledger_empty
    from orchestration.loading.state.builds import covering_build

    if killed_runs(warehouse.settings.home):
        return None  # A build that was killed is not recorded, and may have left a part of its models changed.
    client = warehouse.connect_prepared()
    if is_anything_due(client, warehouse.lake()):
        return None
    if is_ledger_empty(client):
        return Rest(_nothing_delivered(warehouse))
    from orchestration.assets.dbt_project import build_fingerprint

    latest = covering_build(client, job.value)
    if latest is None or not latest.is_complete or latest.fingerprint != build_fingerprint(client):
        return None
    state = state_of(warehouse)
    built = f"Nothing new since {latest.job} built the marts at {latest.finished_at:%Y-%m-%d %H:%M:%S} UTC."
    if latest.status != "success":
        return Rest(f"{built} Its tests failed: {latest.detail} {what_waits(state)}", EXIT_FAILED)
    return Rest(f"{built} {what_waits(state)}", exit_code(state))


def _nothing_delivered(warehouse: CommandContext) -> str:
    """That there is nothing to build from, with what the lake lists that is no drop."""
    ignored = state_of(warehouse).ignored
    advice = "'uv run warehouse put FILE --source NAME' delivers files, 'uv run warehouse demo' simulated ones."
    strangers = f" {count(ignored, 'file there is no drop', 'files there are no drops')}: see 'warehouse status'."
    return (
        f"Nothing was delivered yet: bucket {warehouse.lake().bucket} has no drops, so nothing was loaded or built."
        f"{strangers if ignored else ''} {advice}"
    )
