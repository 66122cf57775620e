"""A small lake that names a person in every way we know, and an erasure of it without dbt."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.erasure.steps import Site
from orchestration.loading import load_pending
from orchestration.loading.replay import Selection, replay
from orchestration.resources.lake import S3Lake
from orchestration.settings import Settings
from tests.passing_judge import judge_by

HOME_PAGE = "https://lms.example"
_numbers = count(1)


@dataclass(frozen=True)
class Someone:
    """A person whom no other test knows, and the folder of events that is theirs."""

    number: int

    @property
    def name(self) -> str:
        return f"person-{self.number}-47"

    @property
    def account(self) -> dict:
        return {"account": {"homePage": HOME_PAGE, "name": self.name}}

    @property
    def given(self) -> str:
        return f"{HOME_PAGE}|{self.name}"

    @property
    def folder(self) -> str:
        return f"events/web{self.number}"


@pytest.fixture
def someone() -> Someone:
    return Someone(next(_numbers))


@pytest.fixture(autouse=True)
def passing_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    judge_by(monkeypatch)


@pytest.fixture
def home(tmp_path):
    """A home of this test's own: the engine's files lie in the session's."""
    return tmp_path


@pytest.fixture
def site(warehouse: Client, lake: S3Lake, settings: Settings, home) -> Site:
    """Builds load what is due and replay keys; no model is built."""

    def build(keys: list[str]) -> None:
        load_pending(warehouse, lake, settings)
        if keys:
            replay(warehouse, lake, settings, Selection(keys=tuple(keys)), "erasure")

    return Site(warehouse, lake, replace(settings, home=home), build)


@pytest.fixture
def load(warehouse: Client, lake: S3Lake, settings: Settings) -> Callable:
    return lambda: load_pending(warehouse, lake, settings)
