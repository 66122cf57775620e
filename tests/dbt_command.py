"""dbt as a command on a warehouse of the tests."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT, Settings

RUN_SECONDS = 900
# However much a drop touches, it is taken for an increment: with so little data every drop would be "most of it".
ALWAYS_INCREMENTAL = ("--vars", "{rebuild_touched_ratio: 1000000}")


@dataclass(frozen=True)
class Dbt:
    """dbt with a target folder of its own, so that several warehouses do not share what was parsed or run."""

    settings: Settings
    folder: Path
    options: tuple[str, ...] = field(default=())

    def start(self, *command: str) -> subprocess.Popen:
        """dbt as a process that can be killed; it leads a group of its own."""
        environment = os.environ | self.settings.as_environment()
        environment |= {"DBT_TARGET_PATH": str(self.folder / "target"), "DBT_LOG_PATH": str(self.folder / "logs")}
        words = [*command, "--project-dir", str(PROJECT_ROOT), *self.options]
        return subprocess.Popen(
            [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *words],
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str) -> Path:
        """dbt from start to end: fails the test with dbt's words, and returns the target folder."""
        output, _ = (process := self.start(*command)).communicate(timeout=RUN_SECONDS)
        if process.returncode != 0:
            pytest.fail(f"dbt {' '.join(command)} failed:\n{output[-8000:]}", pytrace=False)
        return self.folder / "target"
