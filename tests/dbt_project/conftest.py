"""A small simulated programme, and dbt as a command on the session's throw-away warehouse."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.settings import Settings
from orchestration.simulate.simulator import simulate
from tests.dbt_command import Dbt

LEARNERS, DAYS, SEED = 160, 28, 11


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulation's folder: events, catalogue and learners."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder, LEARNERS, DAYS, SEED)
    return folder


@pytest.fixture(scope="module")
def dbt(settings: Settings) -> Callable[..., None]:
    """dbt(command, …) runs dbt on the warehouse, and fails the test with dbt's words."""
    return Dbt(settings).run
