"""How the events of a Dagster run become a display and an account of what failed."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchestration.commands.job_run import JobRun, RunView, stop

LOADING = {"stage": "loading", "objects_done": 3, "objects_total": 40, "line_count": 12345}


class Seen:
    """A display that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def start(self, name: str, total: int | None = None) -> None:
        self.lines.append(f"start {name} {total}")

    def move(self, done: int, total: int | None = None, note: str = "") -> None:
        self.lines.append(f"move {done}/{total} {note}")

    def finish(self, note: str = "") -> None:
        self.lines.append(f"finish {note}")


@pytest.fixture
def run(tmp_path: Path) -> JobRun:
    return JobRun("nightly", tmp_path / "log")


def play(run: JobRun, *events: dict) -> list[str]:
    seen = Seen()
    view = RunView(run, seen)
    for event in events:
        view.take(event)
    return seen.lines


def test_a_run_is_shown_as_load_then_models_i_of_n(run: JobRun):
    lines = play(
        run,
        {"kind": "run", "run_id": "r1", "job": "nightly"},
        {"kind": "planned", "asset": ["lake", "event_drops"]},
        {"kind": "planned", "asset": ["raw", "event_lines"]},
        {"kind": "planned", "asset": ["marts", "dim_a"]},
        {"kind": "planned", "asset": ["marts", "fct_b"]},
        {"kind": "step", "step": "load_drops"},
        {"kind": "progress", "step": "load_drops", **LOADING},
        {"kind": "progress", "step": "another", **LOADING},
        {"kind": "progress", "step": "load_drops", **LOADING | {"stage": "judging", "objects_done": 40}},
        {"kind": "built", "asset": ["lake", "event_drops"]},
        {"kind": "built", "asset": ["raw", "event_lines"]},
        {"kind": "step", "step": "gate"},
        {"kind": "step", "step": "build_models"},
        {"kind": "built", "asset": ["marts", "dim_a"]},
        {"kind": "checked", "check": "unique_id", "asset": ["marts", "dim_a"], "is_passed": True, "severity": "ERROR"},
        {"kind": "end", "is_success": True},
    )
    assert lines == [
        "start Loading drops None",
        "move 3/40 12,345 lines",
        "move 40/40 judging the loads",
        "start Checking the gate None",
        "start Building and testing the models 2",
        "move 1/2 0 tests · marts.dim_a",
        "move 1/2 1 tests · unique_id",
        "finish 1 models and seeds, 1 tests",
    ]
    assert run.is_success
    assert run.run_id == "r1"


def test_a_wait_for_another_run_is_a_stage_of_its_own(run: JobRun):
    wait = {"kind": "wait", "step": "load_drops", "waits_for": "run 1 of nightly (process 7)"}
    lines = play(
        run,
        {"kind": "step", "step": "load_drops"},
        wait,
        wait,
        wait | {"waits_for": ""},
    )
    assert lines == [
        "start Loading drops None",
        "start Waiting for run 1 of nightly (process 7) None",
        "move 0/None still waiting",
        "start Loading drops None",
    ]


def test_a_failed_check_is_named(run: JobRun):
    failed = {"kind": "checked", "check": "gate", "asset": ["raw", "event_lines"], "is_passed": False}
    late = failed | {"check": "few_are_late", "severity": "WARN", "reason": "12 are late"}
    play(run, failed | {"severity": "ERROR"}, late)
    assert run.failures == ["check gate on raw.event_lines failed"]
    assert run.warnings == ["check few_are_late on raw.event_lines failed: 12 are late"]


def test_the_message_of_a_failed_step_is_one_line(run: JobRun):
    play(run, {"kind": "step_failed", "step": "load_drops", "message": "No ClickHouse\nanswers."})
    assert run.failures == ["load_drops: No ClickHouse answers."]


def test_the_verdict_on_the_build_names_what_failed_once(run: JobRun):
    of_dbt = {"kind": "checked", "check": "unique_dim_a_id", "asset": ["marts", "dim_a"], "is_passed": False}
    verdict = of_dbt | {
        "check": "models_are_built_and_tests_hold",
        "faults": "model fct_b: no memory\ntest unique: 1 row",
    }
    play(
        run,
        of_dbt | {"severity": "ERROR"},
        verdict | {"severity": "ERROR"},
        {"kind": "step_failed", "step": "marts__dim_a_models_are_built_and_tests_hold", "message": "blocking check"},
    )
    assert run.failures == ["model fct_b: no memory", "test unique: 1 row"]


def test_a_second_signal_ends_a_job_that_does_not_stop():
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout.readline() == "ready\n"
    threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        stop(process)
    assert process.returncode == -signal.SIGKILL
