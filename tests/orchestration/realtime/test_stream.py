"""The processes as they run: a topic, a worker that is killed, a sweep; what was planted is in the outbox, once."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from confluent_kafka import TopicPartition

from orchestration.realtime.kafka import consumer, producer
from orchestration.realtime.role import SWEEP, WORKER
from orchestration.realtime.settings import REJECTED_TOPIC, STATEMENTS_TOPIC, RealtimeSettings
from orchestration.realtime.status import read_status
from orchestration.realtime.supervisor import Supervisor
from orchestration.simulate.stream import Stream

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
RATE, SECONDS = 40.0, 8.0
PATIENCE = 120.0
OUTBOX = """
select kind, actor->'account'->>'name', case kind when 'unlock' then activity_id else statement_id end,
    suppressed_because
from realtime.platform_actions
"""


@pytest.fixture
def supervisor(settings: RealtimeSettings, environment: dict[str, str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(environment)
    supervisor.add("worker-1", WORKER, settings.logs)
    supervisor.add(SWEEP, SWEEP, settings.logs)
    yield supervisor
    supervisor.stop()


def wait_for(is_true: Callable[[], bool], supervisor: Supervisor) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not is_true() and time.monotonic() < deadline:
        supervisor.tend()
        time.sleep(0.1)
    return is_true()


def rejected(settings: RealtimeSettings, count: int) -> list[dict[str, bytes]]:
    """The refusals, one for each offset: what a killed worker had sent is sent again."""
    reading = consumer(settings.kafka, "test")
    reading.assign([TopicPartition(REJECTED_TOPIC, 0, 0)])
    by_offset: dict[tuple[bytes, bytes], dict[str, bytes]] = {}
    deadline = time.monotonic() + 30
    while len(by_offset) < count and time.monotonic() < deadline:
        message = reading.poll(1.0)
        if message is not None and message.error() is None:
            headers = dict(message.headers())
            by_offset[headers["partition"], headers["offset"]] = headers
    reading.close()
    return list(by_offset.values())


def test_a_worker_killed_half_way_loses_nothing_and_does_nothing_twice(
    settings: RealtimeSettings, supervisor: Supervisor, connection: psycopg.Connection
):
    stream, sending = Stream(RATE, SECONDS), producer(settings.kafka)

    def consumed() -> int:
        row = connection.execute("select coalesce(sum(consumed_count), 0)::int from realtime.consumed_offsets")
        return row.fetchone()[0]

    supervisor.tend()
    for number in range(stream.message_count):
        if number == stream.message_count // 2:
            sending.flush(10)
            assert wait_for(lambda: consumed() > 0, supervisor)
            assert supervisor.kill(supervisor.children[0])
        for message in stream.messages(number, datetime.now(UTC)):
            sending.produce(STATEMENTS_TOPIC, message.value, message.key)
        sending.poll(0)
        time.sleep(1 / RATE)
        supervisor.tend()
    sending.flush(10)
    planted = stream.finish()
    wanted = planted.actions | planted.suppressed

    assert wait_for(lambda: consumed() == planted.message_count, supervisor)
    wait_for(lambda: len(connection.execute(OUTBOX).fetchall()) >= len(wanted), supervisor)
    time.sleep(1.5)  # What must not come would come now.
    rows = connection.execute(OUTBOX).fetchall()
    assert {tuple(row[:3]) for row in rows if not row[3]} == planted.actions
    assert {tuple(row[:3]) for row in rows if row[3]} == planted.suppressed
    assert len(rows) == len(wanted)
    assert supervisor.children[0].restart_count >= 1

    status = read_status(settings, connection)
    assert (status.consumed_count, status.refused_count, status.total_lag) == (
        planted.message_count,
        planted.refused_count,
        0,
    )
    headers = rejected(settings, planted.refused_count)
    assert len(headers) == planted.refused_count
    assert {header["reason"] for header in headers} <= {
        b"not_json",
        b"missing_actor",
        b"future_timestamp",
        b"not_object",
    }
