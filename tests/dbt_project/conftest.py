"""A small simulated programme, and dbt as a command on the session's throw-away warehouse."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.simulate.simulator import simulate

LEARNERS, DAYS, SEED = 160, 28, 11


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulation's folder: events, catalogue and learners."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder, LEARNERS, DAYS, SEED)
    return folder


@pytest.fixture(scope="module")
def dbt(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """dbt(command, …) runs dbt on the warehouse, fails the test with dbt's words, and returns the target folder."""
    folder = tmp_path_factory.mktemp("dbt")
    environment = os.environ | settings.as_environment()
    environment |= {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}

    def run(*command: str) -> Path:
        done = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *command, "--project-dir", str(PROJECT_ROOT)],
            cwd=PROJECT_ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        if done.returncode != 0:
            pytest.fail(f"dbt {' '.join(command)} failed:\n{done.stdout[-8000:]}{done.stderr[-2000:]}", pytrace=False)
        return folder / "target"

    return run
