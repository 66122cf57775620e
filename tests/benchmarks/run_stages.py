"""The stages of a run, by Dagster's log of it and by what dbt left: when each began, when it ended, what it cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.commands.job_run import BUILD_STEP, LOAD_STEP
from tests.benchmarks.process_tree import CostLine
from tests.benchmarks.stopwatch import BenchmarkError, Cost

START_UP, LOAD, GATE, MODELS, TESTS, REST = STAGES = ("start-up", "load", "gate", "models", "tests", "rest")
"""Rest: what follows the build (checks, scores, the brief), and stopping the services."""
Span = tuple[float, float]


@dataclass(frozen=True)
class RunTimes:
    """Moments of a run, as seconds of the wall clock."""

    started_at: float
    load_at: float
    gate_at: float
    loaded_at: float
    dbt_ended_at: Sequence[float]
    """Of each part of the build."""
    tested_at: Sequence[float]
    """When the verdict on each data test was told."""
    built_at: float
    ended_at: float


def spans_of(times: RunTimes) -> dict[str, list[Span]]:
    """Stage → its stretches of time: a build in parts has its models and its tests in turns."""
    tests = list(_test_spans(times))
    begins = [times.loaded_at, *(end for _, end in tests)]
    ends = [*(start for start, _ in tests), times.built_at]
    return {
        START_UP: [(times.started_at, times.load_at)],
        LOAD: [(times.load_at, times.gate_at)],
        GATE: [(times.gate_at, times.loaded_at)],
        MODELS: list(zip(begins, ends, strict=True)),
        TESTS: tests,
        REST: [(times.built_at, times.ended_at)],
    }


def _test_spans(times: RunTimes) -> Iterable[Span]:
    """From the end of each dbt to the last verdict before the next one ends."""
    for start, until in zip(times.dbt_ended_at, [*times.dbt_ended_at[1:], times.built_at], strict=True):
        verdicts = [moment for moment in times.tested_at if start <= moment <= until]
        if verdicts:
            yield start, max(verdicts)


def costs_of(times: RunTimes, line: CostLine) -> dict[str, Cost]:
    """Stage → what it cost."""
    return {
        stage: sum((line.between(*span) for span in spans), start=Cost()) for stage, spans in spans_of(times).items()
    }


def read_times(home: Path, started_at: float, ended_at: float) -> RunTimes:
    """The moments of the home's latest run, which a command made from `started_at` to `ended_at`."""
    from dagster import DagsterEventType, DagsterInstance

    from orchestration.assets.run_events import PROGRESS, told_by
    from orchestration.resources.dagster_instance import write_dagster_config

    with DagsterInstance.from_config(str(write_dagster_config(home))) as instance:
        runs = instance.get_runs(limit=1)
        entries = instance.all_logs(runs[0].run_id) if runs else []
    moments: dict[tuple[str, str], float] = {}
    tested_at = []
    for entry in entries:
        event = entry.dagster_event
        if event is None:
            continue
        told = told_by(event)
        if told and told[0] == PROGRESS:
            moments.setdefault((LOAD_STEP, told[1]["stage"]), entry.timestamp)
        elif event.event_type in (DagsterEventType.ASSET_CHECK_EVALUATION, DagsterEventType.ASSET_OBSERVATION):
            tested_at += [entry.timestamp] if event.step_key == BUILD_STEP else []
        else:
            moments[event.step_key or "", event.event_type_value] = entry.timestamp
    try:
        built_at = moments[BUILD_STEP, "STEP_SUCCESS"]
        loaded_at = moments[LOAD_STEP, "STEP_SUCCESS"]
        accounts = (home / "dbt" / runs[0].run_id).rglob("run_results.json")
        ends = sorted(file.stat().st_mtime for file in accounts)
        return RunTimes(
            started_at,
            moments[LOAD_STEP, "STEP_START"],
            moments[LOAD_STEP, "judging"],
            loaded_at,
            [moment for moment in ends if loaded_at <= moment <= built_at],
            tested_at,
            built_at,
            ended_at,
        )
    except (IndexError, KeyError) as error:
        raise BenchmarkError(f"Dagster's log of the run has no {error}: the run did not load and build.") from error
