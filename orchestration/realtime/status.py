"""Where the real-time path stands: from the ends of the topic, and from what is written in the database."""

from dataclasses import asdict, dataclass
from datetime import datetime

import psycopg
from psycopg.rows import dict_row

from orchestration.realtime.kafka import admin, consumer, topic_id
from orchestration.realtime.settings import RealtimeSettings
from orchestration.realtime.sweep import partition_ends

OFFSETS = """
select partition, next_offset, consumed_count, refused_count, updated_at from realtime.consumed_offsets
where topic_id = %s
"""
ACTIONS = """
select
    count(*) as action_count,
    max(created_at) as last_action_at,
    count(*) filter (where delivered_at is not null) as delivered_count,
    count(*) filter (where suppressed_because != '') as suppressed_count,
    count(*) filter (where delivered_at is null and suppressed_because = '') as undelivered_count,
    min(created_at) filter (where delivered_at is null and suppressed_because = '') as oldest_undelivered_at,
    max(last_error) filter (where delivered_at is null) as last_error
from realtime.platform_actions
"""
SESSIONS = "select status, count(*) as session_count from realtime.learner_sessions group by status"
ARCHIVED = """
select
    coalesce(sum(end_offset - start_offset), 0)::bigint as offset_count,
    coalesce(sum(line_count), 0)::bigint as line_count,
    count(*) filter (where archived_at is null) as unfinished_count
from realtime.archived_ranges where topic_id = %s
"""


@dataclass(frozen=True)
class RealtimeStatus:
    """All that `warehouse realtime status` shows."""

    topic_id: str
    lag: dict[int, int]
    """Partition → messages that are not consumed."""
    consumed_count: int
    refused_count: int
    last_consumed_at: datetime | None
    action_count: int
    delivered_count: int
    suppressed_count: int
    undelivered_count: int
    last_action_at: datetime | None
    oldest_undelivered_at: datetime | None
    last_error: str
    sessions: dict[str, int]
    archived_offset_count: int
    archived_line_count: int
    unfinished_range_count: int

    @property
    def total_lag(self) -> int:
        return sum(self.lag.values())

    def as_document(self) -> dict:
        """With stable names, for `--json`."""
        return asdict(self) | {"total_lag": self.total_lag}


def read_status(settings: RealtimeSettings, connection: psycopg.Connection) -> RealtimeStatus:
    """The state now. Raises KafkaException or psycopg.OperationalError when one of them does not answer."""
    client = admin(settings.kafka)
    topic = topic_id(client)
    ends = partition_ends(consumer(settings.kafka, "realtime-status"))
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(OFFSETS, (topic,)).fetchall()
        actions = cursor.execute(ACTIONS).fetchone()
        sessions = {row["status"]: row["session_count"] for row in cursor.execute(SESSIONS).fetchall()}
        archived = cursor.execute(ARCHIVED, (topic,)).fetchone()
    done = {row["partition"]: row["next_offset"] for row in rows}
    return RealtimeStatus(
        topic_id=topic,
        lag={partition: max(0, end - done.get(partition, 0)) for partition, end in sorted(ends.items())},
        consumed_count=sum(row["consumed_count"] for row in rows),
        refused_count=sum(row["refused_count"] for row in rows),
        last_consumed_at=max((row["updated_at"] for row in rows), default=None),
        action_count=actions["action_count"],
        delivered_count=actions["delivered_count"],
        suppressed_count=actions["suppressed_count"],
        undelivered_count=actions["undelivered_count"],
        last_action_at=actions["last_action_at"],
        oldest_undelivered_at=actions["oldest_undelivered_at"],
        last_error=actions["last_error"] or "",
        sessions=sessions,
        archived_offset_count=archived["offset_count"],
        archived_line_count=archived["line_count"],
        unfinished_range_count=archived["unfinished_count"],
    )
