"""One transaction for actions, sessions and offsets: after any replay nothing is there twice and nothing is lost."""

import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.realtime.catalogue import Item
from orchestration.realtime.database import connect
from orchestration.realtime.judge import MessageRefusal
from orchestration.realtime.rule_book import Choices, CourseRules, RuleBook
from orchestration.realtime.rules import on_statement
from orchestration.realtime.sink import DatabaseSink
from orchestration.realtime.store import PartitionBatch, StreamMessage, TopicChanged, write
from tests.orchestration.realtime.conftest import NOW, event

BOOK = RuleBook(
    [
        Item("course", "m1", "module", position=1),
        Item("course", "m2", "module", position=2),
        Item("course", "quiz", "assessment"),
    ],
    Choices(CourseRules(), {}),
)
VERBS = ("viewed", "completed", "failed")
ACTIVITIES = ("page", "m1", "quiz")
STREAM = [
    event(number, verb=VERBS[number % 3], activity_id=ACTIVITIES[(number // 3 + number) % 3]) for number in range(24)
]


def batch(events: list, start: int = 0, partition: int = 0, topic_id: str = "id-1") -> PartitionBatch:
    return PartitionBatch(
        "topic", topic_id, partition, [StreamMessage(start + number, sent) for number, sent in enumerate(events)]
    )


def actions(connection: psycopg.Connection) -> set[str]:
    return {row[0] for row in connection.execute("select action_id from realtime.platform_actions")}


def next_offset(connection: psycopg.Connection, topic_id: str = "id-1") -> int:
    return connection.execute(
        "select next_offset from realtime.consumed_offsets where topic_id = %s", (topic_id,)
    ).fetchone()[0]


def expected() -> set[str]:
    return {action.action_id for sent in STREAM for action in on_statement(None, sent, BOOK, NOW)[1]}


def test_a_batch_is_written_once_and_a_replay_is_skipped(connection: psycopg.Connection):
    first = write(connection, [batch(STREAM)], BOOK, NOW)
    again = write(connection, [batch(STREAM[5:], 5)], BOOK, NOW)
    assert (first.consumed_count, first.action_count) == (24, len(expected()))
    assert (again.consumed_count, again.skipped_count, again.action_count) == (0, 19, 0)
    assert (actions(connection), next_offset(connection)) == (expected(), 24)


def test_a_failure_leaves_nothing(connection: psycopg.Connection):
    broken = event(99, activity_id="not\0text")
    with pytest.raises(psycopg.DataError):
        write(connection, [batch([*STREAM, broken])], BOOK, NOW)
    assert actions(connection) == set()
    assert connection.execute("select count(*) from realtime.consumed_offsets").fetchone() == (0,)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, len(STREAM)), max_size=5))
def test_whatever_is_replayed_the_tables_are_the_same(connection: psycopg.Connection, crashes: list[int]):
    """Each crash goes back to some offset that was committed in Kafka, and reads on to its end."""
    connection.execute("truncate realtime.platform_actions, realtime.learner_sessions, realtime.consumed_offsets")
    done = 0
    for end in [*crashes, len(STREAM)]:
        back = done // 2
        write(connection, [batch(STREAM[back:end], back)] if end > back else [], BOOK, NOW)
        done = max(done, end)
    assert actions(connection) == expected()
    counted = connection.execute("select consumed_count, last_event_at from realtime.consumed_offsets").fetchone()
    assert counted == (len(STREAM), STREAM[-1].occurred_at)
    last = connection.execute("select max(last_event_at) from realtime.learner_sessions").fetchone()[0]
    assert last == STREAM[-1].occurred_at


def test_a_topic_that_was_created_again_begins_at_0(connection: psycopg.Connection):
    write(connection, [batch(STREAM)], BOOK, NOW)
    written = write(connection, [batch(STREAM[:3], topic_id="id-2")], BOOK, NOW)
    assert written.consumed_count == 3
    assert (next_offset(connection), next_offset(connection, "id-2")) == (24, 3)


def test_a_late_statement_moves_no_session_back_from_another_partition_either(connection: psycopg.Connection):
    """A learner whose key moved to another partition: what lies in the old one may be read later."""
    write(connection, [batch([event(9)], partition=1)], BOOK, NOW)
    write(connection, [batch([event(3)], partition=0)], BOOK, NOW)
    rows = connection.execute("select statement_id from realtime.learner_sessions").fetchall()
    assert rows == [("s0009",)]


def test_an_id_with_other_content_asks_for_one_action(connection: psycopg.Connection):
    """The first content that came decides; the warehouse lists the conflict."""
    one = event(1, verb="failed", activity_id="quiz", score_scaled=0.1)
    other = event(1, verb="failed", activity_id="quiz", score_scaled=0.2)
    write(connection, [batch([one, other])], BOOK, NOW)
    rows = connection.execute("select details->>'score' from realtime.platform_actions").fetchall()
    assert rows == [("0.1",)]


def test_two_workers_that_meet_the_same_partition_do_it_once(database_url: str, connection: psycopg.Connection):
    """After a rebalance the former owner may still hold a batch of the new one's partition."""
    counts = []

    def work() -> None:
        with connect(database_url) as own:
            for start in range(0, 24, 4):
                counts.append(write(own, [batch(STREAM[start : start + 4], start)], BOOK, NOW).consumed_count)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(counts), actions(connection)) == (24, expected())


class Rejected:
    """In place of the topic: what was sent there."""

    def __init__(self) -> None:
        self.sent: list[tuple] = []

    def send(self, *message) -> None:
        self.sent.append(message)

    def flush(self) -> None:
        """All of it is sent."""


def sink_of(database_url: str, ids: list[str]) -> DatabaseSink:
    sink = DatabaseSink(lambda: connect(database_url), lambda: BOOK, lambda: ids[0], Rejected(), lambda value, _: value)
    sink.setup()
    return sink


def add(sink: DatabaseSink, events: list, start: int = 0) -> None:
    for number, sent in enumerate(events):
        sink.add(sent, b"key", 0, [], "topic", 0, start + number)


def test_what_the_database_cannot_store_is_refused_alone(database_url: str, connection: psycopg.Connection):
    """Born from the fear of one message that stops a partition for ever."""
    sink = sink_of(database_url, ["id-1"])
    add(sink, [event(0), event(1, activity_id="not\0text"), MessageRefusal("not_json"), event(2)])
    sink.flush()
    rows = connection.execute("select consumed_count, refused_count, next_offset from realtime.consumed_offsets")
    assert rows.fetchone() == (4, 2, 4)
    assert connection.execute("select count(*) from realtime.learner_sessions").fetchone() == (2,)


def test_a_lost_connection_is_opened_again(database_url: str, connection: psycopg.Connection):
    sink = sink_of(database_url, ["id-1"])
    add(sink, STREAM[:2])
    sink.flush()
    connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'warehouse realtime' and pid != pg_backend_pid()"
    )
    add(sink, STREAM[2:4], 2)
    sink.flush()
    assert next_offset(connection) == 4


def test_a_topic_that_changes_under_a_running_worker_ends_it(database_url: str):
    ids = ["id-1"]
    sink = sink_of(database_url, ids)
    add(sink, STREAM)
    sink.flush()
    ids[0] = "id-2"
    add(sink, STREAM[:3])
    with pytest.raises(TopicChanged, match="created again"):
        sink.flush()


def test_a_thousand_learners_are_one_transaction_of_some_milliseconds(connection: psycopg.Connection):
    """A bound that a query per learner would not meet."""
    many = [event(number, learner=f"learner {number}") for number in range(1000)]
    started = datetime.now(UTC)
    write(connection, [batch(many)], BOOK, NOW)
    assert datetime.now(UTC) - started < timedelta(seconds=5)
    assert connection.execute("select count(*) from realtime.learner_sessions").fetchone() == (1000,)
