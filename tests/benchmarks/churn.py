"""`python -m tests.benchmarks.churn`: what it costs to train the churn model and to score.

The same as `warehouse bench churn`, on a throw-away warehouse of its own. `marts.agg_churn_training` is filled with the
learner-weeks of a simulated programme, and the weekly step runs on them as Dagster's asset runs it: it reads the set,
fits and measures three models, judges, scores, and writes scores, figures and the model card.

How to read it: `train_and_score` is one process on one thread, so its CPU seconds are what an idle machine takes.
"""

import argparse
import os
import sys

import pandas as pd

from orchestration.churn.features import COLUMNS, NAMES
from orchestration.churn.weekly import Week, score_week
from orchestration.commands.display import Stages
from tests.benchmarks.program import run_program
from tests.benchmarks.report import Report, Target
from tests.benchmarks.stopwatch import BenchmarkError, Cost
from tests.benchmarks.workbench import Workbench, opened_workbench
from tests.orchestration.churn.programmes import simulate_programme

PART = "churn"
DEFAULT_ROWS, WEEKS, SEED = 100_000, 26, 1
ROWS_PER_LEARNER = 8
"""About as many Mondays as a learner of the programme has; the last learners are left out to come to the rows asked."""
MOST_SECONDS = Target(60)
TABLE = """
create table marts.agg_churn_training (
    learner_id String, course_id String, as_of_at DateTime64(3, 'UTC'), horizon_at DateTime64(3, 'UTC'),
    start_week_date Date, acquisition_channel LowCardinality(String), is_churned Nullable(Bool),
    label_reason LowCardinality(String), {features}
) engine = MergeTree order by (as_of_at, course_id, learner_id)
"""
WATERMARK = """
create table marts.agg_data_watermark engine = Memory as
select 'all' as source, max(horizon_at) as complete_through_at from marts.agg_churn_training
"""


def main(arguments: list[str] | None = None) -> int:
    chosen = _arguments(arguments)
    return run_program(lambda stages: run(chosen.rows, stages), chosen.json)


def run(rows: int, stages: Stages) -> Report:
    """Measure one weekly step over that many learner-weeks."""
    setting = {"learner-weeks": rows, "cores": os.cpu_count()}
    with opened_workbench(stages, setting, 1, ()) as bench:
        stages.start(f"Simulating {rows:,} learner-weeks")
        _lay(bench, learner_weeks(rows))
        stages.start("Training and scoring")
        costs: list[Cost] = []
        with bench.stopwatch.taking(costs.append):
            week = score_week(bench.client, bench.settings.home)
        _report(bench, week, costs[0])
    return bench.report


def learner_weeks(count: int) -> pd.DataFrame:
    """The rows of a training set with `count` learner-weeks, of whole learners but for the last one."""
    learners = count // ROWS_PER_LEARNER + 1
    rows = simulate_programme(SEED, learners, WEEKS).rows
    while len(rows) < count:
        learners += learners // 4 + 1
        rows = simulate_programme(SEED, learners, WEEKS).rows
    return rows.sort_values(["learner_id", "as_of_at"]).iloc[:count]


def _lay(bench: Workbench, rows: pd.DataFrame) -> None:
    features = ", ".join(f"{name} Nullable(Float64)" for name in NAMES)
    bench.client.command("create database if not exists marts")
    bench.client.command(TABLE.format(features=features))
    bench.client.insert_df("agg_churn_training", rows[[*COLUMNS, *NAMES]], database="marts")
    bench.client.command(WATERMARK)


def _report(bench: Workbench, week: Week, cost: Cost) -> None:
    run = week.run
    if not run.figures:
        raise BenchmarkError(f"No model was fitted, so nothing was measured: {run.reason}")
    counted = bench.value("select count() from ops.churn_scores")
    if counted != run.counts["scored"]:
        raise BenchmarkError(f"ops.churn_scores has {counted:,} rows, expected {run.counts['scored']:,}.")
    for stage, seconds in week.seconds.items():
        bench.report.add(PART, stage.replace("_", " "), seconds, "s")
    bench.report.add(PART, "the weekly step", cost.seconds, "s", MOST_SECONDS)
    bench.report.add(PART, "the weekly step: CPU", cost.cpu_seconds, "s", MOST_SECONDS)
    for name, count in run.counts.items():
        bench.report.add(PART, f"learner-weeks: {name}", count, "rows")


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="warehouse bench churn", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=_rows, default=DEFAULT_ROWS, help="learner-weeks")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    return parser.parse_args(arguments)


def _rows(text: str) -> int:
    rows = int(text.replace("_", ""))
    if rows < 2_000:
        raise argparse.ArgumentTypeError(f"{text}: expected 2,000 or more learner-weeks; fewer teach no model")
    return rows


if __name__ == "__main__":
    sys.exit(main())
