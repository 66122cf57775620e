"""One small simulation for all tests of this room."""

from pathlib import Path

import pytest

from orchestration.simulate.simulator import simulate
from orchestration.simulate.truth import Truth
from tests.orchestration.simulate.accepted import DAYS, LEARNERS, SEED, Accepted, Lake, read_accepted
from tests.orchestration.simulate.true_marts import Marts, true_marts


@pytest.fixture(scope="session")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    folder = tmp_path_factory.mktemp("simulation")
    return folder, simulate(folder, LEARNERS, DAYS, SEED)


@pytest.fixture(scope="session")
def truth(simulation: tuple[Path, Truth]) -> Truth:
    return simulation[1]


@pytest.fixture(scope="session")
def lake(simulation: tuple[Path, Truth]) -> Lake:
    return Lake(simulation[0])


@pytest.fixture(scope="session")
def accepted(lake: Lake) -> Accepted:
    """What an independent reading of the files leaves."""
    return read_accepted(lake)


@pytest.fixture
def marts(truth: Truth) -> Marts:
    """Marts that tell the truth; a test makes them wrong."""
    return true_marts(truth)
