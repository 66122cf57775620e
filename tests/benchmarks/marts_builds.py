"""Builds of the marts by dbt, in a process of its own, and what each model cost the engine."""

import json
import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from orchestration.resources.warehouse import connect
from orchestration.settings import PROJECT_ROOT
from tests.benchmarks.stopwatch import BenchmarkError, Cost
from tests.benchmarks.workbench import Workbench

CORE = "+tag:near_real_time"
DATABASES = ("staging", "intermediate", "marts", "seeds")
BUILD_SECONDS = 4 * 3600
SAMPLE_SECONDS = 0.1
# The embedded engine rewrites an INSERT, without the comment in which dbt names its model.
_RUNNING = """
select
    query_id,
    if(
        startsWith(query, 'INSERT INTO'),
        extract(query, '^INSERT INTO `?[a-z_]+`?[.]`?([a-z_]+?)(?:__touched_|__dbt_|[^a-z_])'),
        extract(query, '"node_id": "model[.][a-z_]+[.]([a-z_]+)"')
    ) as model,
    (ProfileEvents['UserTimeMicroseconds'] + ProfileEvents['SystemTimeMicroseconds']) / 1e6,
    peak_memory_usage / 1048576
from system.processes where model != ''
"""


@dataclass(frozen=True)
class ModelCost:
    """What one model took: seconds from start to end, and of the engine its processor and its memory."""

    seconds: float
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0


@dataclass(frozen=True)
class Build:
    """One run of dbt."""

    cost: Cost
    models: dict[str, ModelCost]


def forget_marts(bench: Workbench) -> None:
    """Drop everything that dbt makes, and load the seeds again."""
    for database in DATABASES:
        bench.client.command(f"drop database if exists {database} sync")
    _dbt(bench, "seed")


def run_models(bench: Workbench, *selection: str) -> Build:
    """`dbt run`, measured."""
    taken: list[Cost] = []
    with _watched_queries(bench) as engine, bench.stopwatch.taking(taken.append):
        seconds = _dbt(bench, "run", *selection)
    cpu: defaultdict[str, float] = defaultdict(float)
    peaks: defaultdict[str, float] = defaultdict(float)
    for model, spent, peak in engine.values():
        cpu[model] += spent
        peaks[model] = max(peaks[model], peak)
    return Build(taken[0], {name: ModelCost(took, cpu[name], peaks[name]) for name, took in seconds.items()})


@contextmanager
def _watched_queries(bench: Workbench) -> Iterator[dict[str, tuple[str, float, float]]]:
    """Query id → model, CPU seconds and MiB at the peak, as last seen while it ran: the engine keeps no log."""
    seen: dict[str, tuple[str, float, float]] = {}
    is_over = threading.Event()
    client = connect(bench.settings)

    def watch() -> None:
        while not is_over.wait(SAMPLE_SECONDS):
            for query_id, model, cpu, peak in client.query(_RUNNING).result_rows:
                seen[query_id] = (model, cpu, peak)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        is_over.set()
        watcher.join()
        client.close()


def _dbt(bench: Workbench, *command: str) -> dict[str, float]:
    """Model → seconds. One folder for all runs: like the scheduled ones, only the first parses the whole project."""
    folder = bench.settings.home / "dbt"
    places = {"DBT_TARGET_PATH": f"{folder}/target", "DBT_LOG_PATH": f"{folder}/logs"}
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *command, "--project-dir", str(PROJECT_ROOT)],
        cwd=PROJECT_ROOT,
        env=os.environ | bench.settings.as_environment() | places,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise BenchmarkError(f"dbt {' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    return {each["unique_id"].rpartition(".")[2]: each["execution_time"] for each in results}
