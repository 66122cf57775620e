"""Starts the process that runs a Dagster job, shows its progress, and says in the end what failed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.commands.display import Stages, print_note
from orchestration.commands.errors import one_line
from orchestration.dbt_process.warm import warm_dbt
from orchestration.machine.lifetimes import tied_to_us
from orchestration.settings import PROJECT_ROOT, Settings

STOP_SECONDS = 30
KEPT_LOGS = 20
REPLAY_STEP, LOAD_STEP, BUILD_STEP = "replay_drops", "load_drops", "build_models"
VERDICT_CHECK = "models_are_built_and_tests_hold"
WARNING_STEP = "raw__event_lines_no_object_has_a_warning"
_READING = {REPLAY_STEP: "Replaying drops", LOAD_STEP: "Loading drops"}
_CHECKING = {
    f"marts__agg_data_watermark_{VERDICT_CHECK}": "Judging the build",
    "published": "Checking what is published",
    WARNING_STEP: "Looking for warnings of the gate",
}
_LOADED = ("lake", "raw", "ops")
"""First parts of the keys of assets that the load makes; all others are models, or are made from them."""


@dataclass
class JobRun:
    """What a run of a job came to."""

    job: str
    log_path: Path
    run_id: str = ""
    is_success: bool = False
    is_skipped: bool = False
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    built_count: int = 0
    checked_count: int = 0
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What each asset said of its materialization: numbers and texts, by name."""


def run_dagster_job(
    job: str,
    settings: Settings,
    stages: Stages,
    asked_by_sensor: bool = False,
    config: Mapping[str, Any] | None = None,
) -> JobRun:
    """Run the job to its end, whatever that is; `config` is Dagster's run config."""
    run = JobRun(job, _new_log(settings.home / "logs" / "runs", job))
    view = RunView(run, stages)
    # dbt gets ready while Dagster starts and loads.
    with run.log_path.open("wb") as log, warm_dbt(settings.home):
        for event in _events_of(job, settings, log, asked_by_sensor, config or {}):
            view.take(event)
    if not run.is_success:
        stages.finish("failed")
        if not run.failures:
            run.failures = ["The run ended without a message; its log has the last words."]
    return run


def _is_model(event: Mapping[str, Any]) -> bool:
    return event["asset"][0] not in _LOADED


class RunView:
    """Turns the events of a run into stages on the display."""

    def __init__(self, run: JobRun, stages: Stages) -> None:
        self._run = run
        self._stages = stages
        self._planned_models = 0
        self._wait = ""

    def take(self, event: Mapping[str, Any]) -> None:
        handler = getattr(self, f"_on_{event['kind']}", None)
        if handler:
            handler(event)

    def _on_stage(self, event: Mapping[str, Any]) -> None:
        self._stages.start(event["name"])

    def _on_note(self, event: Mapping[str, Any]) -> None:
        print_note(event["text"])

    def _on_run(self, event: Mapping[str, Any]) -> None:
        self._run.run_id = event["run_id"]

    def _on_skipped(self, _: Mapping[str, Any]) -> None:
        self._run.is_skipped = self._run.is_success = True

    def _on_planned(self, event: Mapping[str, Any]) -> None:
        self._planned_models += _is_model(event)

    def _on_step(self, event: Mapping[str, Any]) -> None:
        self._wait = ""
        if event["step"] in _READING:
            self._stages.start(_READING[event["step"]])
        elif event["step"] == BUILD_STEP:
            self._stages.start("Building and testing the models", self._planned_models or None)
        else:
            self._stages.start(_CHECKING.get(event["step"], f"Checking the {event['step']}"))

    def _on_progress(self, event: Mapping[str, Any]) -> None:
        if event["step"] in _READING:
            note = "judging the loads" if event["stage"] == "judging" else f"{event['line_count']:,} lines"
            self._stages.move(event["objects_done"], event["objects_total"], note)

    def _on_wait(self, event: Mapping[str, Any]) -> None:
        """Another run has its turn: say which, and go on with the step's own stage when it is over."""
        other = event["waits_for"]
        if not other:
            self._on_step(event)
            return
        if other != self._wait:
            self._stages.start(f"Waiting for {other}")
        else:
            self._stages.move(0, None, "still waiting")
        self._wait = other

    def _on_built(self, event: Mapping[str, Any]) -> None:
        self._run.metadata[".".join(event["asset"])] = event.get("metadata", {})
        if not _is_model(event):
            return
        self._run.built_count += 1
        self._say_built(".".join(event["asset"][-2:]))

    def _on_checked(self, event: Mapping[str, Any]) -> None:
        self._run.checked_count += 1
        self._run.failures += event.get("faults", "").splitlines()
        is_of_models = _is_model(event)
        if not event["is_passed"]:
            text = f"check {event['check']} on {'.'.join(event['asset'])} failed"
            text += f": {event['reason']}" if event.get("reason") else ""
            if event["severity"] != "ERROR":
                self._run.warnings.append(text)
            elif not is_of_models:  # the build's verdict names those of models, with the rows at fault
                self._run.failures.append(text)
        if is_of_models:
            self._say_built(event["check"])

    def _say_built(self, name: str) -> None:
        note = f"{self._run.checked_count:,} tests · {name}"
        self._stages.move(self._run.built_count, self._planned_models or None, note)

    def _on_step_failed(self, event: Mapping[str, Any]) -> None:
        if event["step"] == BUILD_STEP:
            self._run.failures += event["message"].splitlines()
        elif not event["step"].endswith(VERDICT_CHECK):  # which has given its faults before
            self._run.failures.append(f"{event['step']}: {one_line(event['message'])[:500]}")

    def _on_error(self, event: Mapping[str, Any]) -> None:
        self._run.failures.append(event["message"])

    def _on_end(self, event: Mapping[str, Any]) -> None:
        self._run.is_success = event["is_success"]
        if self._run.is_success:
            self._stages.finish(f"{self._run.built_count:,} models and seeds, {self._run.checked_count:,} tests")


def _events_of(
    job: str, settings: Settings, log, asked_by_sensor: bool, config: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """The events of the job's process, as it sends them; the process never outlives this."""
    receiver, sender = os.pipe()
    command = [sys.executable, "-m", "orchestration.commands.job_process", job, "--events", str(sender)]
    if asked_by_sensor:
        command.append("--asked-by-sensor")
    if config:
        command += ["--config", json.dumps(config)]
    # Its own session: Ctrl-C reaches us, and we tell it to stop.
    process = subprocess.Popen(
        command,
        cwd=PROJECT_ROOT,
        env=os.environ | settings.as_environment() | tied_to_us(),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=(sender,),
        start_new_session=True,
    )
    os.close(sender)
    try:
        with os.fdopen(receiver) as lines:
            for line in lines:
                yield json.loads(line)
        process.wait()
    finally:
        stop(process)


def stop(process: subprocess.Popen) -> None:
    """Ask the process to end; end it and all it started when it does not, or at another signal to us."""
    if process.poll() is None:
        process.terminate()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _new_log(folder: Path, job: str) -> Path:
    """A log file for this run; only the latest ones are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob("*.log"))[: -(KEPT_LOGS - 1)]:
        old.unlink(missing_ok=True)
    return folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{job}.log"
