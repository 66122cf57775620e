"""What the demo delivers into which home."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.commands.demo import Size, deliver
from orchestration.commands.display import PlainStages, notes
from orchestration.commands.errors import CommandError

SMALL = Size(learners=20, days=14, seed=3)


@dataclass(frozen=True)
class Entry:
    key: str


@dataclass
class FakeLake:
    """Keys in memory; `breaks_after` uploads fail from then on."""

    keys: list[str] = field(default_factory=list)
    breaks_after: int = 1_000_000
    times: dict[str, float] = field(default_factory=dict)

    def list_objects(self, prefix: str):
        return [Entry(key) for key in self.keys if key.startswith(prefix)]

    def upload(self, path: str, key: str, modified_at: float | None = None) -> None:
        if len(self.keys) >= self.breaks_after:
            raise ConnectionError("gone")
        assert Path(path).exists()
        self.keys.append(key)
        self.times[key] = modified_at


@pytest.fixture
def stages() -> PlainStages:
    return PlainStages(notes())


def test_a_second_demo_of_the_same_size_delivers_nothing(tmp_path: Path, stages):
    lake = FakeLake()
    first = deliver(SMALL, tmp_path, lake, stages)
    delivered = list(lake.keys)
    assert {key.partition("/")[0] for key in delivered} == {"events", "catalog", "learners", "changes"}
    assert deliver(SMALL, tmp_path, lake, stages) == first
    assert lake.keys == delivered


def test_events_are_delivered_when_their_day_is_over_and_lists_with_the_last(tmp_path: Path, stages):
    lake = FakeLake()
    deliver(SMALL, tmp_path, lake, stages)
    times = {key: datetime.fromtimestamp(seconds, UTC) for key, seconds in lake.times.items()}
    events = {key: moment for key, moment in times.items() if key.startswith("events/")}
    for key, moment in events.items():
        day = datetime.fromisoformat(key.split("dt=")[1][:10]).replace(tzinfo=UTC)
        assert moment == day + timedelta(days=1, minutes=15), key
    assert len(set(events.values())) > 10
    assert {moment for key, moment in times.items() if key not in events} == {max(events.values())}


def test_an_interrupted_delivery_goes_on_where_it_stopped(tmp_path: Path, stages):
    lake = FakeLake(breaks_after=3)
    with pytest.raises(ConnectionError):
        deliver(SMALL, tmp_path, lake, stages)
    lake.breaks_after = 1_000_000
    deliver(SMALL, tmp_path, lake, stages)
    assert len(lake.keys) == len(set(lake.keys)) > 3


def test_a_demo_of_another_size_is_refused(tmp_path: Path, stages):
    lake = FakeLake()
    deliver(SMALL, tmp_path, lake, stages)
    with pytest.raises(CommandError, match="holds a demo of 20 learners over 14 days, seed 3; asked for was one of 21"):
        deliver(Size(21, 14, 3), tmp_path, lake, stages)


def test_a_lake_with_other_drops_is_refused(tmp_path: Path, stages):
    with pytest.raises(CommandError, match=r"drops that are not the demo's, such as events/mine/a\.ndjson"):
        deliver(SMALL, tmp_path, FakeLake(["events/mine/a.ndjson"]), stages)


def test_drops_put_beside_a_demo_are_noticed(tmp_path: Path, stages):
    lake = FakeLake()
    deliver(SMALL, tmp_path, lake, stages)
    lake.keys.append("events/mine/a.ndjson")
    with pytest.raises(CommandError, match="not the demo's"):
        deliver(SMALL, tmp_path, lake, stages)


def test_too_few_days_are_refused_in_one_sentence(tmp_path: Path, stages):
    with pytest.raises(CommandError, match="Cannot simulate 3 days: expected at least 14"):
        deliver(Size(20, 3, 1), tmp_path, FakeLake(), stages)
