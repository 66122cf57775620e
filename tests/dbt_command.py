"""dbt as a command on a warehouse of the tests."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from orchestration.settings import PROJECT_ROOT, Settings
from tests.warm_dbt import WarmRun, warm_dbt

RUN_SECONDS = 900
# However much a drop touches, it is taken for an increment: with so little data every drop would be "most of it".
ALWAYS_INCREMENTAL = ("--vars", "{rebuild_touched_ratio: 1000000}")
# What recomputes units, and all that it needs: plain tables after them are made from nothing by any later build.
TOUCHED = ("--select", "+config.materialized:touched")
MODELS_ONLY = ("--exclude-resource-type", "test", "unit_test")
# What no test reads; writing it takes a quarter of the time of a short run.
NOTHING_TO_READ = {"DBT_WRITE_JSON": "false", "DBT_LOG_LEVEL_FILE": "none"}


@dataclass(frozen=True)
class Dbt:
    """dbt with options and an environment of its own, beside that of the settings.

    Variables must not shape the parse, which runs share: no model's config reads one.
    """

    settings: Settings
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self, *command: str) -> WarmRun:
        """dbt as a process that can be killed; it leads a group of its own."""
        folder = tempfile.mkdtemp(prefix="dbt-", dir=self.settings.home)
        places = {"DBT_TARGET_PATH": folder, "DBT_LOG_PATH": folder, "DBT_PROFILES_DIR": str(PROJECT_ROOT / "profiles")}
        environment = os.environ | self.settings.as_environment() | NOTHING_TO_READ | places | self.environment
        words = ["--no-use-colors", *command, "--project-dir", str(PROJECT_ROOT), *self.options]
        return warm_dbt(environment.get("WAREHOUSE_SCHEMA", "default")).start(words, environment)

    def run(self, *command: str) -> None:
        """dbt from start to end: fails the test with dbt's words."""
        output, _ = (process := self.start(*command)).communicate(timeout=RUN_SECONDS)
        if process.returncode != 0:
            pytest.fail(f"dbt {' '.join(command)} failed:\n{output[-8000:]}", pytrace=False)
