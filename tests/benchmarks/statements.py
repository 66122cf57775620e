"""`python -m tests.benchmarks.statements PATH`: what it costs to load these statements and to build all marts of them.

The same as `warehouse bench statements`. PATH is a file or a folder as `warehouse put` takes it. It is put into a
throw-away home and run as a person does it; with --drop, a second file or folder follows as the increment, with the job
that a drop starts. Stages:

    start-up  from the command to the first step: Python, the services, Dagster; dbt gets ready meanwhile
    load      lines from the lake into raw
    gate      Great Expectations' verdict on each file
    models    dbt
    tests     the data tests, asked of the engine
    rest      what follows the build: checks, the churn model and the brief (weekly), stopping the services

How to read it: wall seconds, and CPU seconds of all processes that the command starts, the engine's as well, which
other work on the machine does not add to. Memory is that of all processes together. Bytes are those of all tables on
disk, divided by the accepted statements.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from orchestration.commands.display import Stages
from orchestration.commands.run import Job
from orchestration.dbt_process.manifest import prepare_manifest
from orchestration.loading import Status
from tests.benchmarks.program import run_program
from tests.benchmarks.report import Report
from tests.benchmarks.run_stages import GATE, LOAD, MODELS, STAGES, TESTS
from tests.benchmarks.statement_site import Contents, Delivery, StatementSite, contents
from tests.benchmarks.stopwatch import BenchmarkError, Cost

FIRST, DROP, STORED = "first", "drop", "stored"
DROP_JOB = Job.NEAR_REAL_TIME
SHOWN_REASONS = 5


def main(arguments: list[str] | None = None) -> int:
    chosen = _arguments(arguments)
    return run_program(lambda stages: run(chosen, stages), chosen.json)


def run(chosen: argparse.Namespace, stages: Stages) -> Report:
    """Deliver what was named, and measure."""
    for path in filter(None, (chosen.path, chosen.drop)):
        if not path.exists():
            raise BenchmarkError(f"{path} does not exist. Name a file or a folder of statements.")
    report = Report({"statements": str(chosen.path), "job": chosen.job.value, "cores": os.cpu_count()})
    stages.start("Parsing the project")
    prepare_manifest()
    with tempfile.TemporaryDirectory(prefix="warehouse-statements-") as folder:
        site = StatementSite(Path(folder))
        first = _deliver(site, stages, report, FIRST, chosen.path, chosen.source, chosen.job)
        last = first
        if chosen.drop:
            last = _deliver(site, stages, report, DROP, chosen.drop, chosen.source, DROP_JOB, first)
        _report_bytes(report, last)
    return report


def _deliver(
    site: StatementSite,
    stages: Stages,
    report: Report,
    part: str,
    path: Path,
    source: str,
    job: Job,
    before: Contents | None = None,
) -> Contents:
    """Put the path into the lake and run the job; what the warehouse holds then."""
    stages.start(f"Putting {path.name} into the lake")
    site.put(path, source)
    stages.start(f"Loading it, building and testing ({job.value})")
    delivery = site.run(job.value)
    stages.start("Counting")
    with site.opened() as (client, status):
        held = contents(client)
        if held.accepted == (before.accepted if before else 0):
            raise BenchmarkError(_nothing_accepted(path, held, status))
    _report(report, part, delivery, held, before, status)
    return held


def _report(
    report: Report, part: str, delivery: Delivery, held: Contents, before: Contents | None, status: Status
) -> None:
    accepted = held.accepted - (before.accepted if before else 0)
    lines = held.lines - (before.lines if before else 0)
    report.add(part, "lines", lines, "lines")
    report.add(part, "accepted statements", accepted, "statements")
    report.add(part, "refused lines", sum(held.refused.values()) - _refused(before), "lines")
    report.add(part, "files that the gate held, so far", len(status.held_objects), "files")
    for stage in STAGES:
        cost = delivery.stages[stage]
        report.add(part, stage, cost.seconds, "s")
        report.add(part, f"{stage}: CPU", cost.cpu_seconds, "s")
    whole = sum(delivery.stages.values(), start=Cost())
    report.add(part, "all", whole.seconds, "s")
    report.add(part, "all: CPU", whole.cpu_seconds, "s")
    worked = [delivery.stages[stage].seconds for stage in (LOAD, GATE, MODELS, TESTS)]
    report.add(part, "a second of load, gate, models and tests", accepted / sum(worked), "statements/s")
    report.add(part, "a second of all", accepted / whole.seconds, "statements/s")
    report.add(part, "peak memory of all processes", delivery.peak_mib, "MiB")


def _refused(contents: Contents | None) -> int:
    return sum(contents.refused.values()) if contents else 0


def _report_bytes(report: Report, held: Contents) -> None:
    report.add(STORED, "events", held.events, "events")
    for database, size in sorted(held.bytes_of.items()):
        report.add(STORED, f"bytes a statement: {database}", size / held.accepted, "bytes")
    report.add(STORED, "bytes a statement: all", sum(held.bytes_of.values()) / held.accepted, "bytes")


def _nothing_accepted(path: Path, held: Contents, status: Status) -> str:
    """Why there is nothing to measure: the gate held the files, or each line was refused."""
    words = f"None of {path} counts as a statement, so there is nothing to measure."
    for held_object in status.held_objects[:1]:
        words += f" The gate held {len(status.held_objects):,} of its files; the first one: {held_object.reason}."
    reasons = sorted(held.refused.items(), key=lambda item: -item[1])[:SHOWN_REASONS]
    if reasons:
        words += f" Refused lines by reason: {', '.join(f'{reason} {count:,}' for reason, count in reasons)}."
    return f"{words} 'uv run warehouse check {path}' shows what is wrong with each line."


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="warehouse bench statements", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="file or folder of statements, as 'warehouse put' takes it")
    parser.add_argument("--drop", type=Path, help="file or folder that follows as the increment")
    parser.add_argument("--job", type=Job, choices=list(Job), default=Job.WEEKLY, help="job of the first delivery")
    parser.add_argument("--source", default="bench", help="name of the system that the statements come from")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
