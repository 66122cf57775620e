"""A small simulated programme, and dbt as a command on the session's throw-away warehouse."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.loading import load_pending
from orchestration.resources.lake import S3Lake
from orchestration.settings import Settings
from orchestration.simulate.simulator import simulate
from tests.dbt_command import Dbt
from tests.passing_judge import judge_by

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


@pytest.fixture(scope="module")
def deliver(
    warehouse: Client, lake: S3Lake, settings: Settings, put: Callable[..., str]
) -> Iterator[Callable[..., None]]:
    """deliver({key: lines}) puts the objects and loads them past the gate."""
    with pytest.MonkeyPatch.context() as patch:
        judge_by(patch)

        def put_and_load(objects: dict[str, list]) -> None:
            for key, lines in objects.items():
                put(key if "/" in key else f"events/web/dt=2026-01-05/{key}.ndjson", lines)
            assert load_pending(warehouse, lake, settings).parked_count == 0

        yield put_and_load
