"""The archiver: the topic's messages become drops of the lake, each range of offsets exactly once.

A range is planned in PostgreSQL before it is written. Its objects follow from the range alone (offsets in the key,
lines in the order of offsets, packed without a time), so that a crash between plan and record writes the same bytes
under the same keys again: what the load has read is never another. Every message is one line: per partition, lines
= end − start, which `warehouse realtime status` counts.
"""

import gzip
import logging
import re
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import orjson
import psycopg
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from orchestration.realtime.catalogue_source import FreshRules
from orchestration.realtime.database import connect
from orchestration.realtime.events import received_at
from orchestration.realtime.judge import MessageRefusal, StreamJudge
from orchestration.realtime.kafka import (
    ADMIN_SECONDS,
    ARCHIVERS,
    SOURCE_HEADER,
    admin,
    consumer,
    ensure_topics,
    partitions_of,
    topic_id,
    wait_for_broker,
)
from orchestration.realtime.report import ACTIONS_SECONDS, STATUS_SECONDS, write_actions, write_status
from orchestration.realtime.settings import STATEMENTS_TOPIC, RealtimeSettings
from orchestration.resources.lake import S3Lake, connect_lake
from orchestration.settings import load_settings

logger = logging.getLogger(__name__)
RANGE_MESSAGES = 50_000
PIECE_MESSAGES = 1000
READ_SECONDS = 60.0
QUIET_SECONDS = 0.2
ALREADY_THERE = "already in the lake"
BRIDGED_HEADER = "lake_key"
"""Header of a message that came from the lake, where it need not be written again."""
_GZIP_LEVEL = 6
_SOURCE = re.compile(r"[A-Za-z0-9._-]{1,100}")
UNFINISHED = """
select start_offset, end_offset, archived_on::text from realtime.archived_ranges
where topic_id = %s and partition = %s and archived_at is null order by start_offset
"""
LAST_END = "select max(end_offset) from realtime.archived_ranges where topic_id = %s and partition = %s"
PLAN = """
insert into realtime.archived_ranges (topic, topic_id, partition, start_offset, end_offset, archived_on)
values (%s, %s, %s, %s, %s, (clock_timestamp() at time zone 'UTC')::date)
returning start_offset, end_offset, archived_on::text
"""
RECORD = """
update realtime.archived_ranges set archived_at = clock_timestamp(), line_count = %s, objects = %s::jsonb
where topic_id = %s and partition = %s and start_offset = %s
"""

URL_SAFE = str.maketrans("+/", "-_")
"""RFC 4648, section 5."""


@dataclass(frozen=True)
class Range:
    """Consecutive offsets of a partition, and the day of its folder in the lake."""

    topic_id: str
    partition: int
    start: int
    end: int
    day: str

    def key(self, source: str, is_refused: bool) -> str:
        """Where the range's lines of a source lie. The topic's id is in it: a topic created again begins at 0.

        The client gives the id in base64, in which a slash may be; in a key it would be one more folder.
        """
        topic = self.topic_id[:8].translate(URL_SAFE)
        name = f"{STATEMENTS_TOPIC}-{topic}-{self.partition}-{self.start:012d}-{self.end:012d}"
        return f"events/{source}/dt={self.day}/{name}{'-refused' if is_refused else ''}.ndjson.gz"


class Archiver:
    """Plans and writes the ranges of a topic."""

    def __init__(self, settings: RealtimeSettings, lake: S3Lake) -> None:
        self._settings, self._lake = settings, lake
        self._admin = admin(settings.kafka)
        self._topic_id = topic_id(self._admin)
        self._judge = StreamJudge()
        self._consumer: Consumer = consumer(
            settings.kafka, ARCHIVERS, **{"auto.offset.reset": "earliest", "enable.partition.eof": "true"}
        )

    def archive_all(self, connection: psycopg.Connection) -> int:
        """Write what came since the last time, of every partition that no other archiver has; the number of lines."""
        return sum(self._archive(connection, partition) for partition in partitions_of(self._admin))

    def _archive(self, connection: psycopg.Connection, partition: int) -> int:
        if not connection.execute(
            "select pg_try_advisory_lock(hashtext(%s), %s)", (self._topic_id, partition)
        ).fetchone()[0]:
            return 0
        try:
            count = 0
            for start, end, day in connection.execute(UNFINISHED, (self._topic_id, partition)).fetchall():
                planned = Range(self._topic_id, partition, start, end, day)
                count += self._write(connection, planned, self._read(planned))
            while messages := self._new(connection, partition):
                count += self._write(connection, self._plan(connection, partition, messages), messages)
                if len(messages) < RANGE_MESSAGES:
                    break  # Others come meanwhile, and other partitions wait.
            return count
        finally:
            connection.execute("select pg_advisory_unlock(hashtext(%s), %s)", (self._topic_id, partition))

    def _new(self, connection: psycopg.Connection, partition: int) -> list[Message]:
        """What came after the last range, as far as one range may go."""
        place = TopicPartition(STATEMENTS_TOPIC, partition)
        done = connection.execute(LAST_END, (self._topic_id, partition)).fetchone()[0] or 0
        low, high = self._consumer.get_watermark_offsets(place, timeout=ADMIN_SECONDS)
        if low > done:
            logger.error("partition %s: offsets %s to %s were removed before they were archived", partition, done, low)
        place.offset = max(done, low)
        self._consumer.assign([place])
        try:
            first_seconds = ADMIN_SECONDS if high > place.offset else QUIET_SECONDS
            return list(islice(_up_to(high, self._consumer, first_seconds), RANGE_MESSAGES))
        finally:
            self._consumer.unassign()

    def _plan(self, connection: psycopg.Connection, partition: int, messages: list[Message]) -> Range:
        """The range of these messages, on record before anything of it is written."""
        offsets = messages[0].offset(), messages[-1].offset() + 1
        row = connection.execute(PLAN, (STATEMENTS_TOPIC, self._topic_id, partition, *offsets)).fetchone()
        return Range(self._topic_id, partition, *row)

    def _write(self, connection: psycopg.Connection, planned: Range, messages: list[Message]) -> int:
        by_key: dict[str, list[bytes]] = {}
        counts: Counter[str] = Counter()
        for message in messages:
            headers = dict(message.headers() or ())
            if BRIDGED_HEADER in headers:
                counts[ALREADY_THERE] += 1
                continue
            source = source_of(headers.get(SOURCE_HEADER), self._settings.default_source)
            received = received_at(message.timestamp()[1], datetime.now(UTC))
            is_refused = isinstance(self._judge.document(message.value(), received), MessageRefusal)
            by_key.setdefault(planned.key(source, is_refused), []).append(line_of(message.value()))
        for key, lines in sorted(by_key.items()):
            self._upload(key, lines)
            counts[key] = len(lines)
        connection.execute(
            RECORD, (len(messages), orjson.dumps(counts).decode(), planned.topic_id, planned.partition, planned.start)
        )
        return len(messages)

    def _read(self, planned: Range) -> list[Message]:
        """The messages of a range that was planned before. Raises TimeoutError when its end does not come."""
        self._consumer.assign([TopicPartition(STATEMENTS_TOPIC, planned.partition, planned.start)])
        try:
            return list(_messages(self._consumer, planned))
        finally:
            self._consumer.unassign()

    def _upload(self, key: str, texts: list[bytes]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "drop.ndjson.gz"
            path.write_bytes(gzip.compress(b"\n".join(texts) + b"\n", _GZIP_LEVEL, mtime=0))
            self._lake.upload(path, key)


def run_archiver(settings: RealtimeSettings) -> None:
    """Archive until SIGTERM, and once more. A failure ends it: the supervisor starts another, to finish the plan."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    wait_for_broker(settings.kafka)
    ensure_topics(settings)
    warehouse = load_settings()
    lake = connect_lake(warehouse)
    archiver, rules = Archiver(settings, lake), FreshRules(settings)
    reported_at = told_at = -ACTIONS_SECONDS
    with connect(settings.database_url, autocommit=True) as connection:
        while not stopping.is_set():
            archiver.archive_all(connection)
            if time.monotonic() - reported_at >= STATUS_SECONDS:
                reported_at = time.monotonic()
                write_status(settings, connection, lake)
            if time.monotonic() - told_at >= ACTIONS_SECONDS:
                told_at = time.monotonic()
                write_actions(connection, lake, rules.book(), warehouse.learner_id_key, datetime.now(UTC))
            stopping.wait(settings.archive_seconds)
        # The embedded broker forgets: what came since the last time is written before this process ends.
        archiver.archive_all(connection)
        write_actions(connection, lake, rules.book(), warehouse.learner_id_key, datetime.now(UTC))


def source_of(header: bytes | str | None, default: str) -> str:
    """The folder of the lake that a message asks for; the default where it asks for none, or for no name."""
    text = header.decode(errors="replace") if isinstance(header, bytes) else header or ""
    return text if _SOURCE.fullmatch(text) else default


def line_of(value: bytes | None) -> bytes:
    """A message as one line: in JSON a line break stands between values only. An empty one is written as `null`."""
    text = (value or b"").replace(b"\r", b" ").replace(b"\n", b" ")
    return text if text.strip() else b"null"


def _up_to(end: int, source: Consumer, first_seconds: float) -> Iterator[Message]:
    """Messages up to the end that the broker named, and a little more: what is always written to is never read up.

    The embedded broker names the beginning of its last batch, so that one reads on from there until a piece is short.
    """
    # The first one alone: `consume` waits for all that it is asked for, or until the time is up.
    messages = source.consume(1, timeout=first_seconds)
    is_beyond = False
    while messages:
        for message in messages:
            error = message.error()
            if error is None:
                yield message
            elif error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
        if is_beyond and len(messages) < PIECE_MESSAGES:
            return
        is_beyond = messages[-1].offset() >= end - 1
        messages = source.consume(PIECE_MESSAGES, timeout=QUIET_SECONDS)


def _messages(source: Consumer, planned: Range) -> Iterator[Message]:
    """The messages of the range. Offsets may have gaps; the end of the partition ends it as well."""
    deadline = time.monotonic() + READ_SECONDS
    while time.monotonic() < deadline:
        for message in source.consume(PIECE_MESSAGES, timeout=1.0):
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                # Some brokers say so after each piece that they send.
                if message.offset() >= planned.end:
                    return
                continue
            if error is not None:
                raise KafkaException(error)
            if message.offset() >= planned.end:
                return
            yield message
            if message.offset() == planned.end - 1:
                return
            deadline = time.monotonic() + READ_SECONDS
    raise TimeoutError(f"Offsets {planned.start} to {planned.end} of partition {planned.partition} do not come.")
