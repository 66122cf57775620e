"""The Kafka protocol as this room uses it: topics, their ids, producers and consumers."""

import time
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaException, Producer, TopicCollection
from confluent_kafka.admin import AdminClient, NewTopic

from orchestration.realtime.settings import REJECTED_TOPIC, STATEMENTS_TOPIC, RealtimeSettings

WORKERS, ARCHIVERS = "realtime-worker", "realtime-archiver"
ADMIN_SECONDS = 10.0
LINGER_MS = 20
RETENTION_MS = 7 * 24 * 3600 * 1000
SOURCE_HEADER = "source"
"""Header of a message: the folder of the lake for its line. Without it the settings' default."""
# The first attempts to reach a broker that starts are no news; errors are raised where they matter.
QUIET = {"log_level": "2"}


class BrokerUnavailable(Exception):
    """The broker does not answer; the message says which one and what to check."""


def admin(kafka: Mapping[str, str]) -> AdminClient:
    return AdminClient({**kafka, **QUIET})


def producer(kafka: Mapping[str, str], linger_ms: int = LINGER_MS) -> Producer:
    """A producer that loses nothing and keeps order: acknowledged by all replicas, retried without repeats.

    It waits a little for more to send: the embedded broker works harder with each batch that it keeps.
    """
    return Producer({**kafka, **QUIET, "acks": "all", "linger.ms": linger_ms, "compression.type": "lz4"})


def send(
    sending: Producer, topic: str, value: bytes, key: bytes | None, headers: list[tuple[str, bytes]] | None = None
) -> None:
    """Hand a message to the producer; wait while its queue is full."""
    while True:
        try:
            sending.produce(topic, value, key, headers=headers)
            return
        except BufferError:
            sending.poll(0.1)


def consumer(kafka: Mapping[str, str], group: str, **options: str) -> Consumer:
    """A consumer that commits nothing by itself."""
    return Consumer({**kafka, **QUIET, "group.id": group, "enable.auto.commit": False, **options})


def wait_for_broker(kafka: Mapping[str, str], seconds: float = 30.0) -> None:
    """Return when the broker answers. Raises BrokerUnavailable when it does not in time."""
    client = admin(kafka)
    deadline = time.monotonic() + seconds
    while True:
        try:
            client.list_topics(timeout=2)
        except KafkaException as error:
            if time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise BrokerUnavailable(
                f"The broker at {kafka['bootstrap.servers']} does not answer ({error.args[0].str()}). Check "
                "KAFKA_BOOTSTRAP_SERVERS, and the KAFKA_SECURITY_PROTOCOL and KAFKA_SASL_… that it asks for."
            ) from None
        return


def ensure_topics(settings: RealtimeSettings) -> None:
    """Create the two topics where they are missing. Existing ones stay as they are."""
    client = admin(settings.kafka)
    present = client.list_topics(timeout=ADMIN_SECONDS).topics
    wanted = {STATEMENTS_TOPIC: settings.partitions, REJECTED_TOPIC: 1}
    new = [
        # Quix Streams reads these three of a topic, and fails where the broker does not know them.
        NewTopic(
            name,
            count,
            config={"retention.ms": str(RETENTION_MS), "retention.bytes": "-1", "cleanup.policy": "delete"},
        )
        for name, count in wanted.items()
        if name not in present
    ]
    if not new:
        return
    for name, future in client.create_topics(new, request_timeout=ADMIN_SECONDS).items():
        try:
            future.result()
        except KafkaException as error:
            if "exist" not in str(error).lower():
                raise BrokerUnavailable(f"The topic {name} cannot be created: {error.args[0].str()}") from None


def topic_id(client: AdminClient, topic: str = STATEMENTS_TOPIC) -> str:
    """The broker's id of the topic, which a topic created again does not keep; its name where the broker has none."""
    described = client.describe_topics(TopicCollection([topic]), request_timeout=ADMIN_SECONDS)[topic].result()
    identifier = str(described.topic_id or "")
    return identifier if identifier.strip("A-0") else topic


def partitions_of(client: AdminClient, topic: str = STATEMENTS_TOPIC) -> list[int]:
    return sorted(client.list_topics(topic, timeout=ADMIN_SECONDS).topics[topic].partitions)
