"""Builds of the marts by dbt, in a process of its own, and what each model cost the engine."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from orchestration.settings import PROJECT_ROOT
from tests.benchmarks.stopwatch import BenchmarkError, Cost
from tests.benchmarks.workbench import Workbench

CORE = "+tag:near_real_time"
DATABASES = ("staging", "intermediate", "marts", "seeds")
BUILD_SECONDS = 4 * 3600
# The embedded engine rewrites an INSERT, without the comment in which dbt names its model.
_LOGGED = """
select
    if(
        startsWith(query, 'INSERT INTO'),
        extract(query, '^INSERT INTO `?[a-z_]+`?[.]`?([a-z_]+?)(?:__touched_|__dbt_|[^a-z_])'),
        extract(query, '"node_id": "model[.][a-z_]+[.]([a-z_]+)"')
    ) as model,
    count(),
    sum(ProfileEvents['UserTimeMicroseconds'] + ProfileEvents['SystemTimeMicroseconds']) / 1e6,
    max(memory_usage) / 1048576
from system.query_log
where type != 'QueryStart' and event_time_microseconds >= {since:DateTime64(6)}
group by model
"""


@dataclass(frozen=True)
class ModelCost:
    """What one model took: seconds from start to end, and of the engine its processor and its memory."""

    seconds: float = 0.0
    requests: int = 0
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0


@dataclass(frozen=True)
class Build:
    """One run of dbt. The model without a name is what dbt asks for itself."""

    cost: Cost
    models: dict[str, ModelCost]

    @property
    def requests(self) -> int:
        return sum(model.requests for model in self.models.values())

    @property
    def query_cpu_seconds(self) -> float:
        return sum(model.cpu_seconds for model in self.models.values())


def forget_marts(bench: Workbench) -> None:
    """Drop everything that dbt makes, and load the seeds again."""
    for database in DATABASES:
        bench.client.command(f"drop database if exists {database} sync")
    _dbt(bench, "seed")


def run_models(bench: Workbench, *selection: str) -> Build:
    """`dbt run`, measured. What the models cost is read from the engine's log of queries afterwards."""
    taken: list[Cost] = []
    since = bench.value("select now64(6)")
    with bench.stopwatch.taking(taken.append):
        seconds = _dbt(bench, "run", *selection)
    bench.client.command("system flush logs")
    models = {
        model: ModelCost(seconds.get(model, 0.0), *figures)
        for model, *figures in bench.client.query(_LOGGED, parameters={"since": since}).result_rows
    }
    return Build(taken[0], models)


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
    return {result["unique_id"].rpartition(".")[2]: result["execution_time"] for result in results}
