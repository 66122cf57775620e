"""The sink of Quix Streams: what a checkpoint consumed goes to PostgreSQL before its offsets are committed."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
from quixstreams.sinks.base import BaseSink

from orchestration.realtime.events import Event
from orchestration.realtime.judge import MessageRefusal
from orchestration.realtime.rejected import RejectedTopic
from orchestration.realtime.rule_book import RuleBook
from orchestration.realtime.store import PartitionBatch, StreamMessage, TopicChanged, WriteResult, write

logger = logging.getLogger(__name__)
JudgeOf = Callable[[bytes | None, int], Event | MessageRefusal]
"""From a message and the milliseconds when the broker took it to its verdict."""
RETRY_SECONDS = 120.0
"""How long a database may be away before the worker gives up and starts again. Below Kafka's max.poll.interval."""


class DatabaseSink(BaseSink):
    """One transaction for all partitions of a checkpoint."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        book: Callable[[], RuleBook],
        topic_id: Callable[[], str],
        rejected: RejectedTopic,
        judged: JudgeOf,
    ) -> None:
        super().__init__()
        self._judged = judged
        self._connect, self._book, self._topic_id, self._rejected = connect, book, topic_id, rejected
        self._connection: psycopg.Connection | None = None
        self._current_id = ""
        self._batches: dict[tuple[str, int], PartitionBatch] = {}

    def setup(self) -> None:
        self._current_id = self._topic_id()

    def add(self, value, key, timestamp, headers, topic, partition, offset) -> None:
        """Judge a message, and keep it until the checkpoint."""
        verdict = self._judged(value, timestamp)
        batch = self._batches.get((topic, partition))
        if batch is None:
            batch = self._batches[topic, partition] = PartitionBatch(topic, self._current_id, partition)
        is_refused = isinstance(verdict, MessageRefusal)
        batch.entries.append(StreamMessage(offset, None if is_refused else verdict))
        if is_refused:
            self._rejected.send(value, verdict, key, headers, (topic, partition, offset))

    def flush(self) -> None:
        """Write what was kept. While the database is away this waits; what it cannot store is refused."""
        batches, self._batches = list(self._batches.values()), {}
        if not batches:
            return
        self._rejected.flush()
        try:
            written = self._write_patiently(batches)
        except psycopg.DataError as error:
            logger.warning("a batch holds what PostgreSQL cannot store: %s", error)
            written = self._write_singly(batches)
        if written.skipped_count and self._topic_id() != self._current_id:
            raise TopicChanged(f"Topic {batches[0].topic} was created again; the worker starts again with its new id.")

    def _write_patiently(self, batches: list[PartitionBatch]) -> WriteResult:
        deadline = time.monotonic() + RETRY_SECONDS
        pause = 0.1
        while True:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                return write(self._connection, batches, self._book(), datetime.now(UTC))
            except psycopg.OperationalError as error:
                self._disconnect()
                if time.monotonic() > deadline:
                    raise
                logger.warning("the database is away, trying again in %.1f s: %s", pause, error)
                time.sleep(pause)
                pause = min(pause * 2, 2.0)

    def _write_singly(self, batches: list[PartitionBatch]) -> WriteResult:
        total = WriteResult()
        for batch in batches:
            for entry in batch.entries:
                single = replace(batch, entries=[entry])
                try:
                    written = self._write_patiently([single])
                except psycopg.DataError:
                    written = self._write_patiently([replace(batch, entries=[StreamMessage(entry.offset, None)])])
                total.consumed_count += written.consumed_count
                total.skipped_count += written.skipped_count
                total.action_count += written.action_count
        return total

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
