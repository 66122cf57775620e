"""What is wrong now: drops that are not published, checks that fail, jobs that failed, marts that are old."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clickhouse_connect.driver.client import Client

from orchestration.drop_kinds import has_statements
from orchestration.loading import is_ledger_empty
from orchestration.loading.ledger.entries import server_now
from orchestration.loading.state.alerts import last_alerts
from orchestration.loading.state.builds import COVERED_BY, Build, covering_build, last_builds
from orchestration.loading.state.refused import held_objects, unread_objects

NIGHTLY_HOURS = 26
"""A night without a complete build of all marts, with two hours for the build itself."""
SHOWN = 3
DETAIL = 300
UNREACHABLE = "service:unreachable"


@dataclass(frozen=True)
class Problem:
    """Something that a person should look at. Equal keys in two looks are the same problem."""

    key: str
    what: str
    """One sentence: what is wrong, and where."""
    detail: str
    next_step: str
    since: datetime | None = None
    """None where only our own looks can tell."""


@dataclass(frozen=True)
class FailedRun:
    """The last run of a job, which failed."""

    job: str
    failed_at: datetime
    link: str


def find_problems(client: Client, failed_runs: Sequence[FailedRun] = ()) -> list[Problem]:
    """Everything that is wrong now, ordered by key."""
    now = server_now(client)
    problems = [
        *_held(client),
        *_parked(client, now),
        *_checks(client),
        *_jobs(client, failed_runs),
        *_old(client, now),
    ]
    return sorted(problems, key=lambda problem: problem.key)


def unreachable(error: Exception) -> Problem:
    """The warehouse or the lake does not answer, so that nothing else can be looked at."""
    return Problem(
        UNREACHABLE,
        "The warehouse cannot be reached.",
        str(error)[:DETAIL],
        "Start what does not answer. Loads go on by themselves with the next run; nothing is lost.",
    )


def _held(client: Client) -> Iterator[Problem]:
    judged = [drop for drop in held_objects(client) if drop.judged_at]  # The others wait for the gate of a run.
    for source, held in _by_source(judged):
        files = f"{len(held)} file is" if len(held) == 1 else f"{len(held)} files are"
        yield Problem(
            f"held:{source}",
            f"{files} held by the gate, of source {source}.",
            _lines(f"{drop.key}: {drop.reason}" for drop in held),
            "'warehouse status' shows what was found. Deliver a corrected file under the same key, or publish it with "
            "'warehouse release LOAD --reason …'.",
            min(drop.judged_at for drop in held),
        )


def _parked(client: Client, now: datetime) -> Iterator[Problem]:
    parked, _ = unread_objects(client, now)
    for source, unread in _by_source(parked):
        files = f"{len(unread)} file" if len(unread) == 1 else f"{len(unread)} files"
        yield Problem(
            f"parked:{source}",
            f"{files} of source {source} cannot be read.",
            _lines(f"{drop.key}: {drop.message}" for drop in unread),
            "The message says how to convert the file. Deliver it again.",
            min(drop.failed_at for drop in unread),
        )


def _checks(client: Client) -> Iterator[Problem]:
    """One problem for each check and source."""
    by_key: dict[tuple[str, str], list] = {}
    for alert in last_alerts(client):
        by_key.setdefault((alert.alert, alert.source), []).append(alert)
    for (check, source), alerts in by_key.items():
        of_source = f" for source {source}" if source else ""
        yield Problem(
            f"check:{check}:{source}",
            f"The check {check} fails{of_source}.",
            _lines(alert.detail for alert in alerts),
            "'warehouse status' lists the alerts; the check's page in Dagster says what must hold.",
        )


def _jobs(client: Client, failed_runs: Sequence[FailedRun]) -> Iterator[Problem]:
    """Jobs whose last run failed, or whose models a failed build was the last to make."""
    failed = {run.job: run for run in failed_runs}
    builds = {build.job: build for job in COVERED_BY if (build := covering_build(client, job))}
    bad = {job: build for job, build in builds.items() if build.status != "success"}
    for job in sorted(failed.keys() | bad.keys()):
        run, build = failed.get(job), bad.get(job)
        told_of = [run.failed_at] if run else []
        yield Problem(
            f"job:{job}",
            f"The job {job} {'failed' if run or build.status == 'failure' else 'found tests that fail'}.",
            build.detail[:DETAIL] if build else "",
            f"Look at the run: {run.link}" if run else "'warehouse run' builds again; 'warehouse status' says why.",
            min([*told_of, *([build.finished_at] if build else [])]),
        )


def _old(client: Client, now: datetime) -> Iterator[Problem]:
    complete = [build for build in last_builds(client) if build.job in COVERED_BY["nightly"] and build.is_complete]
    latest: Build | None = max(complete, key=lambda build: build.finished_at, default=None)
    if latest and now - latest.finished_at > timedelta(hours=NIGHTLY_HOURS) and not is_ledger_empty(client):
        yield Problem(
            "stale:marts",
            f"The marts were last built as a whole on {latest.finished_at:%Y-%m-%d at %H:%M} UTC.",
            f"The nightly job should build them every day; more than {NIGHTLY_HOURS} hours have passed.",
            "See in Dagster whether the nightly schedule is on and its runs succeed, or run "
            "'warehouse run --job nightly'.",
            latest.finished_at + timedelta(hours=NIGHTLY_HOURS),
        )


def _by_source[T](drops: Iterable[T]) -> list[tuple[str, list[T]]]:
    """By the second part of the key, which names the source of events."""
    sources: dict[str, list[T]] = {}
    for drop in drops:
        kind, _, rest = drop.key.partition("/")
        is_of_source = has_statements(kind) and "/" in rest
        sources.setdefault(rest.partition("/")[0] if is_of_source else kind, []).append(drop)
    return sorted(sources.items())


def _lines(details: Iterable[str]) -> str:
    told = list(details)
    more = [f"… and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
    return "\n".join([detail[:DETAIL] for detail in told[:SHOWN]] + more)
