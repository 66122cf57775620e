"""What a worker writes: actions, sessions and the offsets that are done, in one transaction of PostgreSQL.

Two guards, each enough by itself, make a replay harmless. The fence: a row per topic id and partition is locked,
compared and advanced in the same transaction, so that an offset that comes again is skipped. The ids: an action that
is there already is not written again. Sessions move by the time of the statement only, never backward.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import psycopg

from orchestration.realtime.events import Event
from orchestration.realtime.rule_book import RuleBook
from orchestration.realtime.rules import Action, Session, on_statement

logger = logging.getLogger(__name__)
# Rows go as one JSON text: a statement for all, and Python loops over none of them.
FENCE_LOCK = """
select kept.topic_id, kept.partition, kept.next_offset
from realtime.consumed_offsets as kept
inner join json_to_recordset(%s::json) as asked (topic_id text, partition integer) using (topic_id, partition)
order by kept.topic_id, kept.partition
for update of kept
"""
FENCE_ROWS = """
insert into realtime.consumed_offsets (topic, topic_id, partition, next_offset)
select topic, topic_id, partition, 0
from json_to_recordset(%s::json) as asked (topic text, topic_id text, partition integer)
order by topic_id, partition
on conflict (topic_id, partition) do nothing
"""
FENCE_ADVANCE = """
update realtime.consumed_offsets as kept
set next_offset = done.next_offset, consumed_count = kept.consumed_count + done.consumed_count,
    refused_count = kept.refused_count + done.refused_count,
    last_event_at = greatest(kept.last_event_at, done.last_event_at), updated_at = clock_timestamp()
from json_to_recordset(%s::json) as done (
    topic_id text, partition integer, next_offset bigint, consumed_count bigint, refused_count bigint,
    last_event_at timestamptz)
where kept.topic_id = done.topic_id and kept.partition = done.partition
"""
INSERT_ACTIONS = """
insert into realtime.platform_actions
    (action_id, kind, learner, actor, course_id, activity_id, statement_id, registration, occurred_at, details,
     suppressed_because)
select * from json_to_recordset(%s::json) as action (
    action_id text, kind text, learner text, actor jsonb, course_id text, activity_id text, statement_id text,
    registration text, occurred_at timestamptz, details jsonb, suppressed_because text)
on conflict (action_id) do nothing
"""
# Sorted, so that two workers that meet the same learners lock them in one order.
UPSERT_SESSIONS = """
insert into realtime.learner_sessions as kept
    (learner, registration, actor, course_id, activity_id, position_seconds, statement_id, last_event_at, pause_at,
     status)
select * from json_to_recordset(%s::json) as session (
    learner text, registration text, actor jsonb, course_id text, activity_id text, position_seconds double precision,
    statement_id text, last_event_at timestamptz, pause_at timestamptz, status text)
on conflict (learner, registration) do update set
    actor = excluded.actor, course_id = excluded.course_id, activity_id = excluded.activity_id,
    position_seconds = excluded.position_seconds, statement_id = excluded.statement_id,
    last_event_at = excluded.last_event_at, pause_at = excluded.pause_at, status = excluded.status
where (excluded.last_event_at, excluded.statement_id) > (kept.last_event_at, kept.statement_id)
"""


class TopicChanged(Exception):
    """Offsets came again under a topic id that is no longer the topic's: the worker must start again."""


@dataclass(frozen=True)
class StreamMessage:
    """A message: its event, or None when it was refused."""

    offset: int
    event: Event | None


@dataclass
class PartitionBatch:
    """Consecutive messages of a partition."""

    topic: str
    topic_id: str
    partition: int
    entries: list[StreamMessage] = field(default_factory=list)


@dataclass
class WriteResult:
    """What a transaction came to."""

    consumed_count: int = 0
    skipped_count: int = 0
    action_count: int = 0


def write(
    connection: psycopg.Connection, batches: Iterable[PartitionBatch], book: RuleBook, now: datetime
) -> WriteResult:
    """Apply the rules to what is not done yet, and commit all of it, or nothing."""
    batches = list(batches)
    written = WriteResult()
    sessions: dict[tuple[str, str], Session] = {}
    actions: dict[str, Action] = {}
    advances = []
    with connection.transaction(), connection.cursor() as cursor:
        fence = _locked_fence(cursor, batches)
        for batch in batches:
            fresh = _beyond(fence[batch.topic_id, batch.partition], batch)
            written.skipped_count += len(batch.entries) - len(fresh)
            written.consumed_count += len(fresh)
            for entry in fresh:
                if entry.event is not None:
                    _apply(entry.event, book, now, sessions, actions)
            if fresh:
                advances.append(_advance(batch, fresh))
        if advances:
            cursor.execute(FENCE_ADVANCE, (_rows(advances),))
        if actions:
            written.action_count = cursor.execute(INSERT_ACTIONS, (_rows(list(actions.values())),)).rowcount
        if sessions:
            cursor.execute(UPSERT_SESSIONS, (_rows([sessions[key] for key in sorted(sessions)]),))
    return written


def _apply(
    event: Event, book: RuleBook, now: datetime, sessions: dict[tuple[str, str], Session], actions: dict[str, Action]
) -> None:
    key = (event.learner, event.registration)
    sessions[key], asked_for = on_statement(sessions.get(key), event, book, now)
    for action in asked_for:
        actions.setdefault(action.action_id, action)


def _locked_fence(cursor: psycopg.Cursor, batches: list[PartitionBatch]) -> dict[tuple[str, int], int]:
    """(topic id, partition) → the next offset that is not done, locked in one order until the transaction ends."""
    asked = _rows(
        [{"topic": batch.topic, "topic_id": batch.topic_id, "partition": batch.partition} for batch in batches]
    )
    rows = cursor.execute(FENCE_LOCK, (asked,)).fetchall()
    if len(rows) < len(batches):
        cursor.execute(FENCE_ROWS, (asked,))
        rows = cursor.execute(FENCE_LOCK, (asked,)).fetchall()
    return {(topic_id, partition): next_offset for topic_id, partition, next_offset in rows}


def _beyond(next_offset: int, batch: PartitionBatch) -> list[StreamMessage]:
    """The entries that are not done."""
    fresh = [entry for entry in batch.entries if entry.offset >= next_offset]
    if fresh and 0 < next_offset < fresh[0].offset:
        logger.warning(
            "partition %s: offsets %s to %s never came; the broker removed them, or they are a producer's markers",
            batch.partition,
            next_offset,
            fresh[0].offset - 1,
        )
    return fresh


def _advance(batch: PartitionBatch, fresh: Sequence[StreamMessage]) -> dict[str, Any]:
    """The fence's row after these entries."""
    times = [entry.event.occurred_at for entry in fresh if entry.event is not None]
    return {
        "topic_id": batch.topic_id,
        "partition": batch.partition,
        "next_offset": fresh[-1].offset + 1,
        "consumed_count": len(fresh),
        "refused_count": len(fresh) - len(times),
        "last_event_at": max(times, default=None),
    }


def _rows(rows: list) -> str:
    return orjson.dumps(rows).decode()
