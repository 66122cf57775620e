"""What a worker writes: actions, sessions and the offsets that are done, in one transaction of PostgreSQL.

Two guards, each enough by itself, make a replay harmless. The fence: a row per topic id and partition is locked,
compared and advanced in the same transaction, so that an offset that comes again is skipped. The ids: an action that
is there already is not written again. Sessions move by the time of the statement only, never backward.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
import psycopg

from orchestration.realtime.events import Event
from orchestration.realtime.rule_book import RuleBook
from orchestration.realtime.rules import Action, Session, on_statement

FENCE_ROW = """
insert into realtime.consumed_offsets (topic, topic_id, partition, next_offset) values (%s, %s, %s, 0)
on conflict (topic_id, partition) do nothing
"""
FENCE_LOCK = """
select next_offset from realtime.consumed_offsets where topic_id = %s and partition = %s for update
"""
FENCE_ADVANCE = """
update realtime.consumed_offsets
set next_offset = %s, consumed_count = consumed_count + %s, refused_count = refused_count + %s,
    last_event_at = greatest(last_event_at, %s), updated_at = clock_timestamp()
where topic_id = %s and partition = %s
"""
INSERT_ACTIONS = """
insert into realtime.platform_actions
    (action_id, kind, learner, actor, course_id, activity_id, statement_id, registration, occurred_at, details,
     suppressed_because)
select * from unnest(
    %s::text[], %s::text[], %s::text[], %s::text[]::jsonb[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::timestamptz[], %s::text[]::jsonb[], %s::text[])
on conflict (action_id) do nothing
"""
# Sorted, so that two workers that meet the same learners lock them in one order.
UPSERT_SESSIONS = """
insert into realtime.learner_sessions as kept
    (learner, registration, actor, course_id, activity_id, position_seconds, statement_id, last_event_at, pause_at,
     status)
select * from unnest(
    %s::text[], %s::text[], %s::text[]::jsonb[], %s::text[], %s::text[], %s::float8[], %s::text[], %s::timestamptz[],
    %s::timestamptz[], %s::text[])
on conflict (learner, registration) do update set
    actor = excluded.actor, course_id = excluded.course_id, activity_id = excluded.activity_id,
    position_seconds = excluded.position_seconds, statement_id = excluded.statement_id,
    last_event_at = excluded.last_event_at, pause_at = excluded.pause_at, status = excluded.status
where (excluded.last_event_at, excluded.statement_id) > (kept.last_event_at, kept.statement_id)
"""


class TopicChanged(Exception):
    """Offsets came again under a topic id that is no longer the topic's: the worker must start again."""


@dataclass(frozen=True)
class Entry:
    """A message: its event, or None when it was refused."""

    offset: int
    event: Event | None


@dataclass
class PartitionBatch:
    """Consecutive messages of a partition."""

    topic: str
    topic_id: str
    partition: int
    entries: list[Entry] = field(default_factory=list)


@dataclass
class Written:
    """What a transaction came to."""

    consumed_count: int = 0
    skipped_count: int = 0
    action_count: int = 0


def write(connection: psycopg.Connection, batches: Iterable[PartitionBatch], book: RuleBook, now: datetime) -> Written:
    """Apply the rules to what is not done yet, and commit all of it, or nothing."""
    written = Written()
    sessions: dict[tuple[str, str], Session] = {}
    actions: dict[str, Action] = {}
    with connection.transaction(), connection.cursor() as cursor:
        for batch in sorted(batches, key=lambda batch: (batch.topic_id, batch.partition)):
            fresh = _beyond_the_fence(cursor, batch)
            written.skipped_count += len(batch.entries) - len(fresh)
            written.consumed_count += len(fresh)
            for entry in fresh:
                if entry.event is not None:
                    _apply(entry.event, book, now, sessions, actions)
            _advance(cursor, batch, fresh)
        if actions:
            written.action_count = _insert_actions(cursor, list(actions.values()))
        if sessions:
            _upsert_sessions(cursor, sorted(sessions.values(), key=lambda session: session.key))
    return written


def _apply(
    event: Event, book: RuleBook, now: datetime, sessions: dict[tuple[str, str], Session], actions: dict[str, Action]
) -> None:
    key = (event.learner, event.registration)
    sessions[key], asked_for = on_statement(sessions.get(key), event, book, now)
    for action in asked_for:
        actions.setdefault(action.action_id, action)


def _beyond_the_fence(cursor: psycopg.Cursor, batch: PartitionBatch) -> list[Entry]:
    cursor.execute(FENCE_ROW, (batch.topic, batch.topic_id, batch.partition))
    next_offset = cursor.execute(FENCE_LOCK, (batch.topic_id, batch.partition)).fetchone()[0]
    return [entry for entry in batch.entries if entry.offset >= next_offset]


def _advance(cursor: psycopg.Cursor, batch: PartitionBatch, fresh: Sequence[Entry]) -> None:
    if not fresh:
        return
    times = [entry.event.occurred_at for entry in fresh if entry.event is not None]
    refused_count = len(fresh) - len(times)
    newest = max(times, default=None)
    cursor.execute(
        FENCE_ADVANCE,
        (fresh[-1].offset + 1, len(fresh), refused_count, newest, batch.topic_id, batch.partition),
    )


def _insert_actions(cursor: psycopg.Cursor, actions: list[Action]) -> int:
    columns = [
        [action.action_id for action in actions],
        [action.kind for action in actions],
        [action.learner for action in actions],
        [_json(action.actor) for action in actions],
        [action.course_id for action in actions],
        [action.activity_id for action in actions],
        [action.statement_id for action in actions],
        [action.registration for action in actions],
        [action.occurred_at for action in actions],
        [_json(action.details) for action in actions],
        [action.suppressed_because for action in actions],
    ]
    return cursor.execute(INSERT_ACTIONS, columns).rowcount


def _upsert_sessions(cursor: psycopg.Cursor, sessions: list[Session]) -> None:
    columns = [
        [session.learner for session in sessions],
        [session.registration for session in sessions],
        [_json(session.actor) for session in sessions],
        [session.course_id for session in sessions],
        [session.activity_id for session in sessions],
        [session.position_seconds for session in sessions],
        [session.statement_id for session in sessions],
        [session.last_event_at for session in sessions],
        [session.pause_at for session in sessions],
        [session.status for session in sessions],
    ]
    cursor.execute(UPSERT_SESSIONS, columns)


def _json(value: dict) -> str:
    return orjson.dumps(value).decode()
