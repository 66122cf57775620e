"""Silence pauses a session once, driven by time; never one whose statements wait unread."""

from datetime import UTC, datetime, timedelta

import psycopg

from orchestration.realtime.caught_up import MARKER_PATIENCE, CaughtUp
from orchestration.realtime.database import connect
from orchestration.realtime.rule_book import Choices, CourseRules, PauseRule, RuleBook
from orchestration.realtime.rules import pause_id, session_of
from orchestration.realtime.store import write
from orchestration.realtime.sweep import pause_silent, remove_old
from tests.orchestration.realtime.conftest import event
from tests.orchestration.realtime.test_store import batch

AFTER = timedelta(minutes=10)
BOOK = RuleBook((), Choices(CourseRules(pause=PauseRule(after=AFTER, ended_by=frozenset({"exited"})))))
NOW = datetime.now(UTC).replace(microsecond=123000)


def seen(number: int, age: timedelta, **parts):
    """An event of a learner that happened, and came, so long ago."""
    return event(number, occurred_at=NOW - age, received_at=NOW - age, learner=f"learner {number}", **parts)


def paused(connection: psycopg.Connection) -> set[str]:
    return {row[0] for row in connection.execute("select action_id from realtime.platform_actions")}


def test_a_silent_session_is_paused_once_under_the_id_of_the_rules(connection: psycopg.Connection):
    silent = seen(1, timedelta(minutes=11), registration="r", position_seconds=42.5)
    others = [seen(2, timedelta(minutes=9)), seen(3, timedelta(minutes=11), verb="exited")]
    late = event(4, learner="learner 4", occurred_at=NOW - timedelta(hours=3), received_at=NOW)
    write(connection, [batch([silent, *others, late])], BOOK, NOW)
    assert (pause_silent(connection, NOW), pause_silent(connection, NOW)) == (1, 0)
    assert paused(connection) == {pause_id(session_of(silent, BOOK))}
    row = connection.execute("select kind, registration, details->>'position_seconds' from realtime.platform_actions")
    assert row.fetchone() == ("pause", "r", "42.5")
    states = connection.execute(
        "select status, count(*) from realtime.learner_sessions group by 1 order by 1"
    ).fetchall()
    assert states == [("active", 1), ("ended", 1), ("paused", 1), ("stale", 1)]


def test_who_comes_back_is_paused_again_after_the_next_silence(connection: psycopg.Connection):
    write(connection, [batch([seen(1, timedelta(minutes=30))])], BOOK, NOW)
    pause_silent(connection, NOW)
    write(connection, [batch([seen(1, timedelta(minutes=15), statement_id="next")], 1)], BOOK, NOW)
    pause_silent(connection, NOW)
    assert len(paused(connection)) == 2


def test_two_sweeps_share_the_work(database_url: str, connection: psycopg.Connection):
    """A sweep whose transaction is open holds its rows; the other takes none of them and does not wait."""
    write(connection, [batch([seen(number, timedelta(minutes=11)) for number in range(3)])], BOOK, NOW)
    with connect(database_url) as slow:
        assert pause_silent(slow, NOW) == 3
        assert pause_silent(connection, NOW) == 0
    assert len(paused(connection)) == 3


def test_delivered_actions_go_after_their_time_and_others_never(connection: psycopg.Connection):
    write(connection, [batch([seen(number, timedelta(minutes=11)) for number in range(3)])], BOOK, NOW)
    pause_silent(connection, NOW)
    ids = sorted(paused(connection))
    old = "clock_timestamp() - interval '31 days'"
    connection.execute(f"update realtime.platform_actions set delivered_at = {old} where action_id = %s", (ids[0],))
    connection.execute(f"update realtime.platform_actions set created_at = {old} where action_id = %s", (ids[1],))
    connection.execute(
        f"update realtime.platform_actions set created_at = {old}, suppressed_because = 'late' where action_id = %s",
        (ids[2],),
    )
    assert remove_old(connection, 30) == 2
    assert paused(connection) == {ids[1]}


def minute(number: float) -> datetime:
    return NOW + timedelta(minutes=number)


def test_while_statements_wait_unread_time_stands_still():
    """Born from a killed worker: by the clock alone, all learners of its partitions would have been paused."""
    caught_up = CaughtUp()
    assert caught_up.look(minute(0), {0: 10, 1: 5}, {0: 10, 1: 5}) == minute(0)
    assert caught_up.look(minute(1), {0: 30, 1: 5}, {0: 10, 1: 5}) == minute(0)
    assert caught_up.look(minute(2), {0: 40, 1: 5}, {0: 20, 1: 5}) == minute(0)
    assert caught_up.look(minute(3), {0: 50, 1: 5}, {0: 40, 1: 5}) == minute(2)
    assert caught_up.look(minute(4), {0: 50, 1: 5}, {0: 50, 1: 5}) == minute(4)


def test_without_traffic_time_goes_on():
    caught_up = CaughtUp()
    assert [caught_up.look(minute(number), {0: 7}, {0: 7}) for number in (1, 2)] == [minute(1), minute(2)]
    assert CaughtUp().look(minute(1), {0: 0}, {}) == minute(1)


def test_a_producers_marker_at_the_end_stops_time_for_half_a_minute_only():
    caught_up = CaughtUp()
    assert caught_up.look(NOW, {0: 8}, {0: 7}) is None
    later = NOW + MARKER_PATIENCE + timedelta(seconds=1)
    assert caught_up.look(later, {0: 8}, {0: 7}) == NOW
