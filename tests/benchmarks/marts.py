"""`python -m tests.benchmarks.marts`: what the marts cost to build, to keep up to date and to read.

The same as `warehouse bench marts`, on a throw-away warehouse of its own. For each size of --statements (a history made
inside the engine): the core models (`tag:near_real_time`) from nothing, then a drop of --drop statements of the newest
days and the core models again, then six questions of a dashboard. Afterwards, with --nightly, all other models.

How to read it: compare within one run only. The targets are ratios: an incremental run at the longest history against
one at the shortest, and against the full build. Beside each time stands the CPU time, of the engine and dbt together,
which other work on the machine does not add to.
"""

import argparse
import os
import sys

from orchestration.commands.display import Stages
from tests.benchmarks.marts_builds import CORE, Build, forget_marts, run_models
from tests.benchmarks.marts_history import deliver_newest, lay_history, load_template
from tests.benchmarks.marts_queries import measure_questions
from tests.benchmarks.program import run_program
from tests.benchmarks.report import Report, Target
from tests.benchmarks.stopwatch import BenchmarkError
from tests.benchmarks.workbench import Workbench, opened_workbench

FULL, INCREMENTAL, MODELS, QUERIES, NIGHTLY = "full", "incremental", "models", "queries", "nightly"
DEFAULT_STATEMENTS = (1_000_000, 3_000_000, 10_000_000)
QUICK_STATEMENTS = (50_000, 100_000)
DEFAULT_DROP = 50_000
TEMPLATE_LINES = 250_000
LEAST_RATE = Target(100_000, is_minimum=True)
INCREMENTAL_GROWTH = Target(1.5)
INCREMENTAL_SHARE = Target(1 / 20)
MOST_MIB = Target(8 * 1024)


def main(arguments: list[str] | None = None) -> int:
    chosen = _arguments(arguments)
    return run_program(lambda stages: run(chosen, stages), chosen.json)


def run(chosen: argparse.Namespace, stages: Stages) -> Report:
    """Measure every size, smallest first."""
    setting = {"drop": chosen.drop, "cores": os.cpu_count()}
    with opened_workbench(stages, setting, chosen.repeats, ()) as bench:
        load_template(bench, min(TEMPLATE_LINES, min(chosen.statements)))
        updates = {}
        for size in chosen.statements:
            updates[size] = _measure_size(bench, size, chosen)
        _report_growth(bench, updates)
    return bench.report


def _measure_size(bench: Workbench, size: int, chosen: argparse.Namespace) -> Build:
    drop = lay_history(bench, size, chosen.drop)
    stages, add = bench.stages, bench.report.add
    stages.start(f"Building the core models of {size:,} statements")
    forget_marts(bench)
    full = run_models(bench, "--select", CORE)
    events = bench.value("select count() from marts.fct_learning_events")
    if events < 0.5 * size:
        raise BenchmarkError(f"fct_learning_events has {events:,} rows of {size:,} statements.")
    add(FULL, f"{size:,}: core models", full.cost.seconds, "s")
    add(FULL, f"{size:,}: core models: CPU", full.cost.cpu_seconds, "s")
    add(FULL, f"{size:,}: statements a second", events / full.cost.seconds, "statements/s", LEAST_RATE)
    add(FULL, f"{size:,}: peak memory of the engine's process", full.cost.peak_mib, "MiB", MOST_MIB)
    stages.start(f"A drop of {drop:,} statements on {size:,}")
    deliver_newest(bench)
    update = run_models(bench, "--select", CORE)
    _report_update(bench, size, full, update)
    _report_models(bench, size, full, update)
    stages.start("Questions")
    measure_questions(bench, QUERIES, size, bench.repeats)
    if chosen.nightly:
        stages.start(f"Building the other models of {size:,} statements")
        others = run_models(bench, "--exclude", CORE)
        add(NIGHTLY, f"{size:,}: all other models", others.cost.seconds, "s")
        add(NIGHTLY, f"{size:,}: all other models: CPU", others.cost.cpu_seconds, "s")
        add(NIGHTLY, f"{size:,}: peak memory of the engine's process", others.cost.peak_mib, "MiB", MOST_MIB)
        for name, cost in sorted(others.models.items(), key=lambda item: -item[1].seconds)[:10]:
            add(NIGHTLY, f"{size:,}: {name}", cost.seconds, "s")
    return update


def _report_update(bench: Workbench, size: int, full: Build, update: Build) -> None:
    add = bench.report.add
    share = update.cost.seconds / full.cost.seconds
    cpu_share = update.cost.cpu_seconds / full.cost.cpu_seconds
    add(INCREMENTAL, f"{size:,}: incremental run", update.cost.seconds, "s")
    add(INCREMENTAL, f"{size:,}: incremental run: CPU", update.cost.cpu_seconds, "s")
    add(INCREMENTAL, f"{size:,}: incremental run: CPU of all queries", update.query_cpu_seconds, "s")
    add(INCREMENTAL, f"{size:,}: incremental run: CPU of the engine", update.cost.engine_cpu_seconds, "s")
    add(INCREMENTAL, f"{size:,}: incremental run: CPU of dbt", update.cost.own_cpu_seconds, "s")
    add(INCREMENTAL, f"{size:,}: incremental run: requests", update.requests, "requests")
    add(INCREMENTAL, f"{size:,}: against the full build", share, "ratio", INCREMENTAL_SHARE)
    add(INCREMENTAL, f"{size:,}: against the full build: CPU", cpu_share, "ratio")


def _report_models(bench: Workbench, size: int, full: Build, update: Build) -> None:
    for model, cost in sorted(full.models.items(), key=lambda model: -model[1].cpu_seconds):
        name = model or "dbt itself"
        again = update.models.get(model)
        bench.report.add(MODELS, f"{size:,}: {name}: CPU in full", cost.cpu_seconds, "s")
        bench.report.add(MODELS, f"{size:,}: {name}: memory in full", cost.peak_mib, "MiB")
        if again:
            bench.report.add(MODELS, f"{size:,}: {name}: CPU of the drop", again.cpu_seconds, "s")


def _report_growth(bench: Workbench, updates: dict[int, Build]) -> None:
    smallest, largest = min(updates), max(updates)
    if smallest == largest:
        return
    first, last = updates[smallest].cost, updates[largest].cost
    title = f"incremental run at {largest:,} against {smallest:,}"
    bench.report.add(INCREMENTAL, title, last.seconds / first.seconds, "ratio", INCREMENTAL_GROWTH)
    bench.report.add(INCREMENTAL, f"{title}: CPU", last.cpu_seconds / first.cpu_seconds, "ratio")


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="warehouse bench marts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--statements", type=_sizes, default=DEFAULT_STATEMENTS, help="sizes, with commas")
    parser.add_argument("--drop", type=int, default=DEFAULT_DROP, help="statements that come last (about that many)")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    parser.add_argument("--nightly", action="store_true", help="build the other models as well")
    parser.add_argument("--repeats", type=int, default=3, help="times that each question is asked")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    chosen = parser.parse_args(arguments)
    if chosen.quick:
        chosen.statements, chosen.drop = QUICK_STATEMENTS, min(chosen.drop, QUICK_STATEMENTS[0] // 20)
    return chosen


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(sorted({int(size.replace("_", "")) for size in text.split(",")}))
    if sizes[0] < 10_000:
        raise argparse.ArgumentTypeError(f"{text}: expected 10,000 or more statements")
    return sizes


if __name__ == "__main__":
    sys.exit(main())
