"""A ledger that knows what a test says it knows."""

from collections.abc import Callable

import pytest

from orchestration.loading.lake.objects import object_id
from orchestration.loading.steps import discover
from tests.orchestration.sensors.listed_lake import ListedLake


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Callable[[ListedLake, list[str]], None]:
    """known(lake, keys) makes the ledger know these objects of a ListedLake, and no others."""

    def enter(lake: ListedLake, keys: list[str]) -> None:
        ids = {object_id(lake.bucket, entry) for entry in lake.list_objects("") if entry.key in set(keys)}
        monkeypatch.setattr(discover, "committed_ids", lambda client, asked: ids & set(asked))
        lake.read = 0

    return enter
