"""The sweep: silent sessions are paused, and old actions removed. Driven by time, also when no statement comes.

Any number of sweeps may run: each takes rows that no other has locked. The id of a pause is built as `rules.pause_id`.
"""

import logging
import time
from datetime import UTC, datetime

import psycopg
from confluent_kafka import Consumer, KafkaException, TopicPartition

from orchestration.realtime.caught_up import CaughtUp
from orchestration.realtime.database import connect
from orchestration.realtime.kafka import ADMIN_SECONDS, admin, consumer, topic_id
from orchestration.realtime.settings import STATEMENTS_TOPIC, RealtimeSettings

logger = logging.getLogger(__name__)
SWEEPS = "realtime-sweep"
SWEEP_SECONDS = 0.5
RETENTION_SECONDS = 3600.0
BATCH_ROWS = 5000
PAUSE_SILENT = """
with due as (
    select learner, registration
    from realtime.learner_sessions
    where status = 'active' and pause_at <= %(until)s
    order by pause_at
    limit %(limit)s
    for update skip locked
),
paused as (
    update realtime.learner_sessions as session
    set status = 'paused'
    from due
    where session.learner = due.learner and session.registration = due.registration
    returning session.*
)
insert into realtime.platform_actions
    (action_id, kind, learner, actor, course_id, activity_id, statement_id, registration, occurred_at, details)
select
    'pause-' || left(encode(sha256(convert_to(
        learner || '|' || registration || '|' || (extract(epoch from last_event_at) * 1000)::bigint, 'UTF8'
    )), 'hex'), 32),
    'pause', learner, actor, course_id, activity_id, statement_id, registration, last_event_at,
    jsonb_build_object('position_seconds', position_seconds)
from paused
on conflict (action_id) do nothing
"""
DONE_OFFSETS = "select partition, next_offset from realtime.consumed_offsets where topic_id = %s"
REMOVE_OLD = """
delete from realtime.platform_actions
where action_id in (
    select action_id from realtime.platform_actions
    where coalesce(delivered_at, case when suppressed_because != '' then created_at end)
        < clock_timestamp() - make_interval(secs => %(seconds)s)
    limit %(limit)s
)
"""


def run_sweep(settings: RealtimeSettings) -> None:
    """Sweep until the process ends. While the database or the broker is away it tries again."""
    sweep = Sweep(settings)
    connection: psycopg.Connection | None = None
    while True:
        try:
            connection = connection or connect(settings.database_url, autocommit=True)
            sweep.once(connection)
        except psycopg.OperationalError as error:
            logger.warning("the database is away: %s", error)
            connection = close(connection)
        except KafkaException as error:
            logger.warning("the broker is away, no learner is paused meanwhile: %s", error)
        time.sleep(SWEEP_SECONDS)


class Sweep:
    """What a sweep remembers from one look to the next."""

    def __init__(self, settings: RealtimeSettings) -> None:
        self._settings = settings
        self._admin = admin(settings.kafka)
        self._consumer = consumer(settings.kafka, SWEEPS)
        self._caught_up = CaughtUp()
        self._removed_at = 0.0

    def once(self, connection: psycopg.Connection) -> int:
        """Pause who is silent as far as the stream is consumed, remove what is old; returns how many were paused."""
        now = datetime.now(UTC)
        topic, next_offsets = topic_id(self._admin), {}
        ends = partition_ends(self._consumer)
        for partition, offset in connection.execute(DONE_OFFSETS, (topic,)).fetchall():
            next_offsets[partition] = offset
        until = self._caught_up.look(now, ends, next_offsets)
        if time.monotonic() - self._removed_at > RETENTION_SECONDS or not self._removed_at:
            remove_old(connection, self._settings.retention_days)
            self._removed_at = time.monotonic()
        return pause_silent(connection, until) if until else 0


def partition_ends(reading: Consumer) -> dict[int, int]:
    """Partition → the offset after its last message; 0 where the broker keeps none.

    The embedded broker names the beginning of its last batch instead, which is some messages less.
    """
    ends = {}
    for partition in reading.list_topics(STATEMENTS_TOPIC, timeout=ADMIN_SECONDS).topics[STATEMENTS_TOPIC].partitions:
        low, high = reading.get_watermark_offsets(TopicPartition(STATEMENTS_TOPIC, partition), timeout=ADMIN_SECONDS)
        ends[partition] = high if high > low else 0
    return ends


def pause_silent(connection: psycopg.Connection, until: datetime) -> int:
    """Pause every session whose silence was long enough by then; returns how many."""
    total = 0
    while True:
        with connection.transaction():
            count = connection.execute(PAUSE_SILENT, {"limit": BATCH_ROWS, "until": until}).rowcount
        total += count
        if count < BATCH_ROWS:
            return total


def remove_old(connection: psycopg.Connection, days: float) -> int:
    """Remove actions that were delivered, or suppressed, so many days ago; returns how many."""
    total = 0
    while True:
        with connection.transaction():
            count = connection.execute(REMOVE_OLD, {"seconds": days * 86400, "limit": BATCH_ROWS}).rowcount
        total += count
        if count < BATCH_ROWS:
            return total


def close(connection: psycopg.Connection | None) -> None:
    """Close what may be broken already."""
    if connection is not None:
        connection.close()
