"""`run` and `up` are killed at random moments: the next `run` succeeds, and nothing stays behind.

Killed is what an operating system kills: the command, the job, dbt, the engine, a run of the daemon, or, as at a power
cut, all of it at once.
"""

import json
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from dagster import DagsterInstance, RunsFilter

from orchestration.embedded.home import Home
from orchestration.resources.dead_runs import UNFINISHED
from tests.faults.small_project import copy_project, start_command

RUN_SECONDS = 400
ORPHAN_SECONDS = 15
VICTIMS = {
    "run": ("cli import main", "commands.job_process", "/dbt", "dbt_process.server", "embedded.server", "rclone"),
    "up": ("cli import main", "dagster._daemon", "run_worker", "embedded.server", "code-server"),
}


@dataclass
class Killed:
    """What was killed, and how long after the start."""

    command: str
    victim: str
    after_seconds: float


@dataclass
class Site:
    """One home, killed again and again."""

    project: Path
    home: Path
    chance: random.Random
    run_seconds: float = 20.0
    number: int = 0
    kills: list[Killed] = field(default_factory=list)

    def put(self, statement) -> None:
        """One new drop, so that there is something to do; into the lake's folder, while nothing serves it."""
        self.number += 1
        file = Home(self.home).bucket / "events" / "killed" / "dt=2026-01-05" / f"drop-{self.number}.ndjson"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(statement(self.number * 100 + line)) for line in range(50)]
        file.write_text("\n".join(lines) + "\n")

    def succeed(self, *arguments: str) -> float:
        """Run a command to its end; the seconds that it took."""
        log, started_at = self.home.parent / f"{arguments[0]}.log", time.monotonic()
        process = start_command(self.project, self.home, log, *arguments)
        try:
            code = process.wait(RUN_SECONDS)
        finally:
            process.kill()
        assert code == 0, f"after {self.kills[-3:]}: exit code {code}\n{log.read_text()}"
        return time.monotonic() - started_at

    def processes(self) -> list[psutil.Process]:
        """All processes that have the home in their environment, the oldest first."""
        ours = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("WAREHOUSE_HOME") == str(self.home) or str(self.home) in " ".join(
                    process.cmdline()
                ):
                    ours.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return sorted(ours, key=lambda process: process.create_time())

    def kill(self, command: str) -> None:
        """Start the command, kill something of it at a random moment, and end the rest as a user would."""
        process = start_command(self.project, self.home, self.home.parent / "killed.log", *command.split())
        after = self.chance.uniform(0.5, self.run_seconds * (1.0 if command.startswith("run") else 2.5))
        started_at = time.monotonic()
        if command == "up" and self.chance.random() < 0.5:
            self.wait_for("run_worker")
            after = self.chance.uniform(0.5, self.run_seconds / 2)
        time.sleep(after)
        lines = {process: " ".join(process.cmdline()) for process in self.processes()}
        alive = [name for name in VICTIMS[command.split()[0]] if any(name in line for line in lines.values())]
        victim = self.chance.choice([*alive, "all"])
        for running, line in lines.items():
            if victim == "all" or victim in line:
                running.kill()
        self.kills.append(Killed(command.split()[0], victim, round(time.monotonic() - started_at, 1)))
        if command == "up" and victim == "run_worker":
            time.sleep(5)
            assert process.poll() is None, "`up` ended with a run that was killed"
        process.terminate()
        process.wait(60)

    def wait_for(self, name: str) -> None:
        deadline = time.monotonic() + RUN_SECONDS
        while not any(name in " ".join(process.cmdline()) for process in self.processes()):
            assert time.monotonic() < deadline, f"no {name} was started"
            time.sleep(0.2)

    def assert_nothing_runs(self) -> None:
        deadline = time.monotonic() + ORPHAN_SECONDS
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not left, f"after {self.kills[-1]}: {[' '.join(process.cmdline()) for process in left]}"

    def unfinished_runs(self) -> list[str]:
        with DagsterInstance.from_config(str(self.home / "dagster")) as instance:
            return [run.run_id for run in instance.get_runs(RunsFilter(statuses=UNFINISHED))]


@pytest.mark.faults
@pytest.mark.timeout(24 * 3600)
def test_a_run_after_a_kill_succeeds(
    tmp_path_factory: pytest.TempPathFactory, fault_count: int, fault_seed: int, statement
) -> None:
    """One kill of `up` for three of `run`."""
    folder = tmp_path_factory.mktemp("killed")
    site = Site(copy_project(folder / "project"), folder / "home", random.Random(fault_seed))
    Home(site.home).create()
    site.put(statement)
    site.succeed("run", "--job", "near_real_time")
    for number in range(fault_count):
        site.put(statement)
        site.kill("up" if number % 4 == 3 else "run --job near_real_time")
        # The next run comes at once in one of two cases, when what was killed may still be going down.
        if site.chance.random() < 0.5:
            site.assert_nothing_runs()
        site.run_seconds = site.succeed("run", "--job", "near_real_time")
        site.assert_nothing_runs()
        assert site.unfinished_runs() == []
        assert list((site.home / "runs").iterdir()) == []
        print(number + 1, site.kills[-1], f"next run {site.run_seconds:.1f} s", flush=True)
