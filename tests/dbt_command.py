"""dbt as a command on a warehouse of the tests."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT, Settings

RUN_SECONDS = 900
# However much a drop touches, it is taken for an increment: with so little data every drop would be "most of it".
ALWAYS_INCREMENTAL = ("--vars", "{rebuild_touched_ratio: 1000000}")
MODELS_ONLY = ("--exclude-resource-type", "test", "unit_test")
# What no test reads; writing it takes a quarter of the time of a short run.
NOTHING_TO_READ = {"DBT_WRITE_JSON": "false", "DBT_LOG_LEVEL_FILE": "none"}


@dataclass(frozen=True)
class Dbt:
    """dbt with options and an environment of its own, beside that of the settings."""

    settings: Settings
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Of all runs in a home that dbt parses alike: only the first parses the whole project, 7 seconds of CPU."""
        parsed_with = repr((self.options, sorted(self.environment.items()), self.settings.clickhouse.port))
        return self.settings.home / "dbt" / hashlib.sha256(parsed_with.encode()).hexdigest()[:16]

    def start(self, *command: str) -> subprocess.Popen:
        """dbt as a process that can be killed; it leads a group of its own."""
        places = {"DBT_TARGET_PATH": str(self.folder / "target"), "DBT_LOG_PATH": str(self.folder / "logs")}
        words = [*command, "--project-dir", str(PROJECT_ROOT), *self.options]
        return subprocess.Popen(
            [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *words],
            cwd=PROJECT_ROOT,
            env=os.environ | self.settings.as_environment() | NOTHING_TO_READ | places | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str) -> None:
        """dbt from start to end: fails the test with dbt's words."""
        output, _ = (process := self.start(*command)).communicate(timeout=RUN_SECONDS)
        if process.returncode != 0:
            pytest.fail(f"dbt {' '.join(command)} failed:\n{output[-8000:]}", pytrace=False)
