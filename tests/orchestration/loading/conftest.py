"""Judges without Great Expectations, which takes seconds: one lets everything through, one nothing, one breaks."""

from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.expectations.verdict import LoadVerdict
from orchestration.loading import LoadReport, load_pending
from orchestration.resources.lake import S3Lake
from orchestration.settings import Settings
from tests.passing_judge import judge_by


class HoldingJudge:
    """Holds every object."""

    def judge(self, load_id: str, kind: str, object_count: int) -> LoadVerdict:
        return LoadVerdict(held_entirely=["nothing is good enough"])


class BrokenJudge:
    """Cannot say."""

    def judge(self, load_id: str, kind: str, object_count: int) -> LoadVerdict:
        raise RuntimeError("expect_something: the engine said no")


@pytest.fixture
def passing_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    judge_by(monkeypatch)


@pytest.fixture
def load(warehouse: Client, lake: S3Lake, settings: Settings, passing_judge: None) -> Callable[[], LoadReport]:
    """load() loads what is due in this module's bucket."""
    return lambda: load_pending(warehouse, lake, settings)


@pytest.fixture
def live_lines(warehouse: Client) -> Callable[[], list[tuple[str, int]]]:
    """live_lines() are the accepted lines that readers see, by key."""
    return lambda: (
        warehouse.query(
            "select object_key, count() from raw.event_lines "
            "where reject = '' and (load_id, object_id) in (select load_id, object_id from ops.live_objects) "
            "group by object_key order by object_key"
        ).result_rows
    )
