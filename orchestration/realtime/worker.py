"""The worker: Quix Streams reads the topic, the sink judges and writes. Run as many as there are partitions."""

import logging
from functools import partial

from quixstreams import Application
from quixstreams.kafka import ConnectionConfig

from orchestration.realtime.catalogue_source import FreshRules
from orchestration.realtime.database import connect
from orchestration.realtime.judge import StreamJudge
from orchestration.realtime.kafka import QUIET, WORKERS, admin, ensure_topics, producer, topic_id, wait_for_broker
from orchestration.realtime.rejected import RejectedTopic
from orchestration.realtime.settings import STATEMENTS_TOPIC, RealtimeSettings
from orchestration.realtime.sink import DatabaseSink

logger = logging.getLogger(__name__)
BUFFERED_MESSAGES = 2000
CHECKPOINT_MESSAGES = 2000
"""At most so many messages in one transaction, so that catching up does not grow it."""


def run_worker(settings: RealtimeSettings) -> None:
    """Consume until a signal comes. Any failure ends the process: the supervisor starts another."""
    wait_for_broker(settings.kafka)
    ensure_topics(settings)
    rules = FreshRules(settings)
    application(settings, rules).run()


def application(settings: RealtimeSettings, rules: "FreshRules") -> Application:
    """The topology: statements → judge and rules → database and, of refusals, their topic."""
    app = Application(
        broker_address=ConnectionConfig.from_librdkafka_dict(dict(settings.kafka)),
        consumer_group=WORKERS,
        auto_offset_reset="earliest",
        commit_interval=settings.commit_seconds,
        commit_every=CHECKPOINT_MESSAGES,
        consumer_poll_timeout=min(0.05, settings.commit_seconds),
        consumer_extra_config=QUIET
        | {
            "session.timeout.ms": int(settings.session_timeout_seconds * 1000),
            "heartbeat.interval.ms": int(settings.session_timeout_seconds * 1000 / 4),
            "fetch.wait.max.ms": 50,
            "queued.max.messages.kbytes": 16384,
        },
        producer_extra_config=QUIET | {"linger.ms": 5},
        max_partition_buffer_size=BUFFERED_MESSAGES,
        state_dir=settings.folder / "state",
        use_changelog_topics=False,
        auto_create_topics=False,
        loglevel="WARNING",
    )
    statements = app.topic(STATEMENTS_TOPIC, value_deserializer="bytes", key_deserializer="bytes")
    # The sink alone, no steps before it: each step of Quix Streams costs as much as the rules.
    app.dataframe(statements).sink(
        DatabaseSink(
            connect=partial(connect, settings.database_url),
            book=rules.book,
            topic_id=partial(topic_id, admin(settings.kafka)),
            rejected=RejectedTopic(producer(settings.kafka)),
            judged=StreamJudge().judged,
        )
    )
    return app
