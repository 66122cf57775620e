"""`warehouse run`: one pass from the lake to the marts, when there is anything to do."""

from enum import StrEnum

from orchestration.commands.display import output, print_error, print_note, shown_stages
from orchestration.commands.errors import EXIT_FAILED, EXIT_NOT_ALL_PUBLISHED
from orchestration.commands.figures import count
from orchestration.commands.job_run import JobRun, run_dagster_job
from orchestration.commands.opened import Opened, opened_warehouse
from orchestration.resources.run_locks import killed_runs

SHOWN_PROBLEMS = 10


class Job(StrEnum):
    """The jobs that can be run by hand."""

    NEAR_REAL_TIME = "near_real_time"
    NIGHTLY = "nightly"
    WEEKLY = "weekly"


# A job rests when it, or one that builds at least as much, has built what is there.
COVERED_BY = {
    Job.NEAR_REAL_TIME: ("near_real_time", "nightly", "weekly"),
    Job.NIGHTLY: ("nightly", "weekly"),
    Job.WEEKLY: ("weekly",),
}


def run_job(job: Job) -> int:
    """The exit code: 0 published or nothing new, 3 something is held back, 1 failed."""
    with opened_warehouse() as warehouse:
        unchanged = reason_to_rest(warehouse, job)
        if unchanged:
            output().print(unchanged, markup=False, soft_wrap=True)
            return 0
        problems_before = problems(warehouse)
        with shown_stages() as stages:
            run = run_dagster_job(job.value, warehouse.settings, stages)
        return report(run, problems(warehouse) - problems_before)


def reason_to_rest(warehouse: Opened, job: Job) -> str:
    """Why a run would change nothing; empty when it would. Asks the ledger only: Dagster is not even imported."""
    from orchestration.assets.dbt_project import build_fingerprint
    from orchestration.loading import is_anything_due, last_build

    if killed_runs(warehouse.settings.home):
        return ""  # A build that was killed is not recorded, and may have left a part of its models changed.
    client = warehouse.connect_prepared()
    if is_anything_due(client, warehouse.lake()):
        return ""
    builds = [build for build in (last_build(client, name) for name in COVERED_BY[job]) if build]
    latest = max(builds, key=lambda build: build.finished_at, default=None)
    if latest is None or latest.status != "success" or latest.fingerprint != build_fingerprint(client):
        return ""
    waiting = len(problems(warehouse))
    note = f" {waiting} objects are not published: see 'uv run warehouse status'." if waiting else ""
    return f"Nothing new since {latest.job} built the marts at {latest.finished_at:%Y-%m-%d %H:%M:%S} UTC.{note}"


def problems(warehouse: Opened) -> frozenset[tuple[str, str]]:
    """(key, why) of every object that was delivered and is not published."""
    from orchestration.loading import status

    found = status(warehouse.connect(), warehouse.lake())
    parked = [(each.key, f"parked, {each.code}: {each.message}") for each in found.parked_objects]
    return frozenset(parked + [(each.key, f"held, {each.reason}") for each in found.held_objects])


def report(run: JobRun, new_problems: frozenset[tuple[str, str]]) -> int:
    """Say what the run came to, and return its exit code."""
    if not run.is_success:
        for failure in run.failures[:SHOWN_PROBLEMS]:
            print_error(failure)
        if len(run.failures) > SHOWN_PROBLEMS:
            print_note(f"… and {len(run.failures) - SHOWN_PROBLEMS} more failures")
        print_note(f"The {run.job} run failed; its log: {run.log_path}")
        return EXIT_FAILED
    for warning in run.warnings[:SHOWN_PROBLEMS]:
        print_note(f"Warning: {warning}")
    for key, reason in sorted(new_problems)[:SHOWN_PROBLEMS]:
        print_note(f"Not published: {key} ({reason})")
    if new_problems:
        missing = count(len(new_problems), "delivered object is", "delivered objects are")
        message = f"{run.job}: the marts are built, {missing} not in them."
        output().print(f"{message} 'uv run warehouse status' says why.", markup=False, soft_wrap=True)
        return EXIT_NOT_ALL_PUBLISHED
    output().print(
        f"{run.job}: everything delivered is published ({run.built_count} models and seeds built, "
        f"{run.checked_count} tests).",
        markup=False,
        soft_wrap=True,
    )
    return 0
