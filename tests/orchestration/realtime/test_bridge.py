"""Drops of the lake reach the topic: new ones only, each line once for a delivery, keyed by the learner."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from confluent_kafka import TopicPartition

from orchestration.loading.lake.objects import LakeObject
from orchestration.realtime.bridge import bridge_new, pass_over_history
from orchestration.realtime.kafka import consumer, producer
from orchestration.realtime.settings import STATEMENTS_TOPIC, RealtimeSettings

pytestmark = pytest.mark.kafka
PREFIX = "events/web/"


class Drops:
    """A lake in memory."""

    def __init__(self, **texts: str) -> None:
        self.texts = {f"{PREFIX}{name}.ndjson": text.encode() for name, text in texts.items()}

    def list_objects(self, prefix: str) -> Iterator[LakeObject]:
        for key, content in sorted(self.texts.items()):
            if key.startswith(prefix):
                yield LakeObject(key, str(hash(content)), len(content), datetime(2026, 1, 5, tzinfo=UTC))

    def read_chunks(self, key: str, _size: int) -> Iterator[bytes]:
        yield self.texts[key]


def line(learner: str) -> str:
    return f'{{"actor":{{"account":{{"homePage":"https://LMS.example","name":"{learner}"}}}}}}\n'


def received(settings: RealtimeSettings, count: int) -> list[tuple[bytes, dict[str, bytes]]]:
    reading = consumer(settings.kafka, "test-bridge")
    reading.assign([TopicPartition(STATEMENTS_TOPIC, number, 0) for number in range(settings.partitions)])
    messages = [message for message in reading.consume(count, 30) if message.error() is None]
    reading.close()
    return sorted((message.key(), dict(message.headers())) for message in messages)


def test_drops_that_come_after_the_first_start_are_sent_once(
    settings: RealtimeSettings, connection: psycopg.Connection
):
    lake, sending = Drops(history=line("anna")), producer(settings.kafka)
    pass_over_history(connection, lake, PREFIX)
    lake.texts[f"{PREFIX}new.ndjson"] = (line("berta") + "{cut off\n" + line("anna")).encode()
    lake.texts[f"{PREFIX}{STATEMENTS_TOPIC}-0.ndjson"] = line("archived").encode()
    pass_over_history(connection, lake, PREFIX)
    assert [bridge_new(connection, lake, PREFIX, sending) for _ in range(2)] == [2, 0]
    headers = {"source": b"web", "lake_key": f"{PREFIX}new.ndjson".encode()}
    assert received(settings, 2) == [
        (b"account|https://lms.example|anna", headers),
        (b"account|https://lms.example|berta", headers),
    ]


def test_a_bridge_that_began_with_an_empty_lake_takes_its_first_drop(
    settings: RealtimeSettings, connection: psycopg.Connection
):
    lake, sending = Drops(), producer(settings.kafka)
    pass_over_history(connection, lake, PREFIX)
    lake.texts[f"{PREFIX}first.ndjson"] = line("anna").encode()
    pass_over_history(connection, lake, PREFIX)
    assert bridge_new(connection, lake, PREFIX, sending) == 1
