"""`python -m tests.benchmarks.floor`: what a person waits for, and what the machine does meanwhile.

The same as `warehouse bench floor`. Rows, each to be run alone with `--only`:

    demo      `warehouse demo` in a checkout that was never parsed
    whole     `run` over --statements from nothing, with the near-real-time marts, and with all
    small     `run` when one drop of two statements has come
    large     `run` when a drop of 50,000 statements has come (a twentieth of --statements when these are fewer)
    idle      `run` when nothing is new, beside services that run; the schedule of `up` does not even start a run then
    edit      `dbt build --select agg_daily_activity` after an edit of it, and for an unchanged project
    up        `warehouse up` until the UI answers

How to read it: wall seconds of the command a person types, and CPU seconds of all processes that it starts, of the
engine as well. Targets are those for 1,000,000 statements on two cores of which nothing else takes any. `small`,
`large`, `idle`, `edit` and `up` need a history, and run `whole` for the near-real-time marts first.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from orchestration.commands.display import Stages
from orchestration.simulate.simulator import simulate
from tests.benchmarks.floor_site import FloorSite, drops_by_day, two_statements
from tests.benchmarks.marts_history import LINES_PER_LEARNER
from tests.benchmarks.program import run_program
from tests.benchmarks.report import Report, Target
from tests.benchmarks.stopwatch import Cost
from tests.benchmarks.workbench import SAMPLE_DAYS, SEED

ROWS = ("demo", "whole", "small", "large", "idle", "edit", "up")
DEFAULT_STATEMENTS = 1_000_000
LARGE_DROP = 50_000
RUN = ("run", "--job", "near_real_time")
EDITED = "agg_daily_activity"


def main(arguments: list[str] | None = None) -> int:
    chosen = _arguments(arguments)
    return run_program(lambda stages: run(chosen, stages), chosen.json)


def run(chosen: argparse.Namespace, stages: Stages) -> Report:
    """Measure the chosen rows."""
    rows = chosen.only or ROWS
    report = Report({"statements": chosen.statements, "cores": os.cpu_count()})
    with tempfile.TemporaryDirectory(prefix="warehouse-floor-") as folder:
        site = FloorSite(Path(folder))
        if "demo" in rows:
            stages.start("demo")
            _add(report, "demo", "demo", site.command("demo"), 60)
        if set(rows) - {"demo"}:
            _measure_history(site, rows, chosen.statements, report, stages)
    return report


def _measure_history(site: FloorSite, rows: tuple[str, ...], statements: int, report: Report, stages: Stages) -> None:
    simulated = site.folder / "simulated"
    stages.start(f"Simulating {statements:,} statements")
    simulate(simulated, max(20, statements // LINES_PER_LEARNER), SAMPLE_DAYS, SEED, stages.move)
    first, late = drops_by_day(simulated, min(LARGE_DROP, statements // 20))
    site.put(first)
    if "whole" in rows:
        stages.start("whole, all marts")
        site.put(first, home="all")
        _add(report, "whole", "all marts", site.command("run", "--job", "weekly", home="all"), 70)
    stages.start("whole, near real time")
    whole = site.command(*RUN)
    if "whole" in rows:
        _add(report, "whole", "near real time", whole, 50)
    if "small" in rows:
        stages.start("small")
        site.put({"events/floor/two.ndjson": two_statements(simulated)})
        _add(report, "small", "a drop of two statements", site.command(*RUN), 10, 12)
    if "large" in rows:
        stages.start("large")
        site.put(late)
        _add(report, "large", "the late drop", site.command(*RUN), 20)
    _measure_services(site, rows, report, stages)


def _measure_services(site: FloorSite, rows: tuple[str, ...], report: Report, stages: Stages) -> None:
    with site.services():
        if "idle" in rows:
            stages.start("idle")
            _add(report, "idle", "nothing new", site.command(*RUN), 5, 3)
        if "edit" in rows:
            stages.start("edit")
            build = ("build", "--select", EDITED)
            site.dbt(*build)
            _add(report, "edit", f"{EDITED}, unchanged", site.dbt(*build), 6)
            site.edit(EDITED)
            _add(report, "edit", f"{EDITED}, edited", site.dbt(*build), 6)
    if "up" in rows:
        stages.start("up")
        _add(report, "up", "up until the UI answers", site.up(), 6)


def _add(report: Report, row: str, name: str, cost: Cost, seconds: float, cpu_seconds: float | None = None) -> None:
    report.add(row, name, cost.seconds, "s", Target(seconds))
    report.add(row, f"{name}: CPU", cost.cpu_seconds, "s", Target(cpu_seconds) if cpu_seconds else None)


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="warehouse bench floor", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--statements", type=_count, default=DEFAULT_STATEMENTS, help="about how many, 2,000 or more")
    parser.add_argument("--only", type=_rows, help=f"rows to run, with commas: {','.join(ROWS)}")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if (number := int(text.replace("_", ""))) < 2000:
        raise argparse.ArgumentTypeError(f"{text}: expected 2,000 or more statements")
    return number


def _rows(text: str) -> tuple[str, ...]:
    unknown = set(text.split(",")) - set(ROWS)
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: expected some of {', '.join(ROWS)}")
    return tuple(text.split(","))


if __name__ == "__main__":
    sys.exit(main())
