"""The state of the warehouse for a person: where every listed object is, what was refused and why."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from clickhouse_connect.driver.client import Client

from orchestration.loading.builds import Build, last_builds
from orchestration.loading.discover import Discovery, discover
from orchestration.loading.gate import Held, held_objects
from orchestration.loading.objects import RAW_TABLES, Lake


@dataclass(frozen=True)
class Parked:
    """An object given up on."""

    key: str
    code: str
    message: str
    failed_at: datetime


@dataclass(frozen=True)
class Watermark:
    """How far the events of a source reach; the source 'all' is the warehouse."""

    source: str
    latest_occurred_at: datetime
    complete_through_at: datetime


@dataclass
class Status:
    """Counts of objects by state: listed = live + superseded + held + parked + ignored + due."""

    listed: int = 0
    live: int = 0
    superseded: int = 0
    held: int = 0
    parked: int = 0
    ignored: int = 0
    due: int = 0
    gone_from_lake: int = 0
    """Live objects that the lake no longer lists: they stay live."""
    lines_accepted: int = 0
    lines_rejected: int = 0
    rejected_by_reason: dict[str, int] = field(default_factory=dict)
    parked_objects: list[Parked] = field(default_factory=list)
    held_objects: list[Held] = field(default_factory=list)
    ignored_by_reason: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    """Of the due ones, those that wait for their next try after a failure."""
    watermarks: list[Watermark] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        """The equation that must hold at any time."""
        return self.listed == self.live + self.superseded + self.held + self.parked + self.ignored + self.due


def status(client: Client, lake: Lake) -> Status:
    """The state now, from one listing and the ledger."""
    found = discover(client, lake)
    live = {row[0] for row in client.query("select object_id from ops.live_objects").result_rows}
    held = held_objects(client)
    result = Status(listed=found.listed_count, held_objects=held, builds=last_builds(client))
    _count_objects(result, found, live, {each.object_id for each in held})
    _count_lines(result, client)
    result.watermarks = _watermarks(client)
    return result


def _count_objects(result: Status, found: Discovery, live: set[str], held: set[str]) -> None:
    listed = {drop.object_id for drop in found.committed}
    result.live = len(listed & live)
    result.held = len(listed & held)
    result.superseded = len(listed - live - held)
    result.gone_from_lake = len(live - listed)
    result.parked = len(found.parked)
    result.parked_objects = [
        Parked(drop.key, failure.code, failure.message, failure.failed_at) for drop, failure in found.parked
    ]
    result.ignored = len(found.ignored)
    result.ignored_by_reason = dict(Counter(reason for _, reason in found.ignored))
    result.due = len(found.due)
    result.waiting = len(found.waiting)


def _count_lines(result: Status, client: Client) -> None:
    """Lines of live objects, and why some were rejected."""
    lines, rejected = client.query("select sum(line_count), sum(rejected_count) from ops.live_objects").result_rows[0]
    result.lines_accepted, result.lines_rejected = int(lines) - int(rejected), int(rejected)
    reasons: Counter[str] = Counter()
    for table in RAW_TABLES.values():
        rows = client.query(
            f"select reject, count() from {table} where reject != '' and (load_id, object_id) in "
            "(select load_id, object_id from ops.live_objects) group by reject"
        ).result_rows
        reasons.update({reason: int(count) for reason, count in rows})
    result.rejected_by_reason = dict(reasons.most_common())


def _watermarks(client: Client) -> list[Watermark]:
    """From marts.agg_data_watermark; nothing before its first build."""
    if not client.query(
        "select count() from system.tables where database = 'marts' and name = 'agg_data_watermark'"
    ).result_rows[0][0]:
        return []
    rows = client.query(
        "select source, latest_occurred_at, complete_through_at from marts.agg_data_watermark order by source"
    ).result_rows
    return [Watermark(*row) for row in rows]
