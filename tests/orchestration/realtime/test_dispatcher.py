"""Actions reach a real webhook, however often it refuses; the platform does each once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from orchestration.realtime.dispatcher import Webhook, deliver_due, retry_seconds, signature
from orchestration.realtime.outbox_reader import read_outbox
from orchestration.realtime.store import write
from orchestration.simulate.platform import Platform, running_platform
from tests.orchestration.realtime.conftest import NOW, event
from tests.orchestration.realtime.test_store import BOOK, batch


@pytest.fixture
def outbox(connection: psycopg.Connection) -> set[str]:
    """Ids of twelve actions to deliver; beside them is one that is too late."""
    failed = {"verb": "failed", "activity_id": "quiz"}
    events = [event(number, **failed) for number in range(12)]
    late = event(99, **failed, learner="late", occurred_at=NOW - timedelta(hours=2))
    write(connection, [batch([*events, late])], BOOK, NOW)
    rows = connection.execute("select action_id from realtime.platform_actions where suppressed_because = ''")
    return {row[0] for row in rows}


def deliver(connection: psycopg.Connection, url: str, secret: str = "") -> int:
    with ThreadPoolExecutor(4) as pool:
        return deliver_due(connection, Webhook(url, secret), pool)


def make_due(connection: psycopg.Connection) -> None:
    connection.execute("update realtime.platform_actions set next_attempt_at = clock_timestamp()")


def test_every_action_is_posted_once_with_its_id_as_the_key(connection: psycopg.Connection, outbox: set[str]):
    with running_platform() as (platform, url):
        assert (deliver(connection, url), deliver(connection, url)) == (12, 0)
    assert set(platform.done) == outbox
    assert platform.repeats() == 0
    action = next(iter(platform.done.values()))
    assert (action["kind"], action["activity_id"], action["details"]["score_below"]) == ("remediate", "quiz", 0.6)


def test_a_platform_that_refuses_gets_it_again_until_it_accepts(connection: psycopg.Connection, outbox: set[str]):
    with running_platform(failing=0.5) as (platform, url):
        for _ in range(20):
            deliver(connection, url)
            make_due(connection)
    assert set(platform.done) == outbox
    assert platform.refused_count > 0
    assert platform.repeats() == 0


def test_what_was_refused_waits_longer_each_time_and_says_why(connection: psycopg.Connection, outbox: set[str]):
    with running_platform(failing=1.0) as (_, url):
        deliver(connection, url)
        assert deliver(connection, url) == 0
    rows = connection.execute("select distinct attempts, last_error from realtime.platform_actions where attempts > 0")
    assert rows.fetchall() == [(1, "HTTP 503")]
    assert [retry_seconds(attempts) for attempts in (0, 1, 4, 50)] == [0.5, 1.0, 8.0, 300.0]


def test_a_platform_that_is_away_is_no_error_of_ours(connection: psycopg.Connection, outbox: set[str]):
    assert deliver(connection, "http://127.0.0.1:9/actions") == 12
    undelivered = connection.execute("select count(*) from realtime.platform_actions where delivered_at is null")
    assert undelivered.fetchone() == (13,)


def test_a_lost_answer_means_a_second_post_which_the_platform_does_not_do_again(connection, outbox: set[str]):
    with running_platform() as (platform, url):
        deliver(connection, url)
        connection.execute("update realtime.platform_actions set delivered_at = null")
        make_due(connection)
        deliver(connection, url)
    assert (len(platform.done), platform.repeats()) == (12, 12)


def test_the_signature_is_the_hmac_of_the_body():
    assert signature("key", b"The quick brown fox jumps over the lazy dog") == (
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    )


def test_the_example_reader_does_all_and_is_woken_by_a_notification(database_url, connection, outbox: set[str]):
    done: list[dict] = []
    reading = threading.Thread(target=read_outbox, args=(database_url, done.append, 6.0, 2))
    reading.start()
    while len(done) < 12 and reading.is_alive():
        reading.join(0.05)
    write(connection, [batch([event(50, verb="failed", activity_id="quiz")], 50)], BOOK, NOW + timedelta(minutes=1))
    written_at = time.monotonic()
    while len(done) < 13 and reading.is_alive():
        reading.join(0.05)
    assert len(done) == 13
    assert time.monotonic() - written_at < 5, "it was not woken, and looked when its wait was over"
    reading.join()


def test_the_simulated_platform_counts_what_it_accepts_twice():
    platform = Platform()
    assert [platform.take("a", {}), platform.take("a", {}), platform.take("b", {})] == [200, 200, 200]
    assert (len(platform.done), platform.repeats()) == (2, 1)
