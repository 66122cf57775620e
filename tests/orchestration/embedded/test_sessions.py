"""Sessions: what they keep, who may use them, and when they end."""

import threading
import time
import uuid

import httpx
import pytest

from orchestration.embedded.access import User
from orchestration.embedded.errors import EngineError
from orchestration.embedded.sessions import MAX_SESSIONS, Sessions, read_timeout

ADMIN = User("default", "secret")


class Connection:
    """Stands in for an engine connection."""

    def __init__(self, is_reader: bool) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(Connection, clock)  # type: ignore[arg-type]


def post(http: httpx.Client, sql: str, session: str, **parameters: str) -> httpx.Response:
    return http.post("/", params={"session_id": session, **parameters}, content=sql.encode())


def test_a_session_keeps_temporary_tables_settings_and_database(http: httpx.Client) -> None:
    session = str(uuid.uuid4())
    post(http, "create temporary table kept (x UInt8)", session)
    post(http, "insert into kept values (7)", session)
    post(http, "set max_block_size = 123", session)
    post(http, "use system", session)
    assert post(http, "select x from kept", session).text == "7\n"
    assert post(http, "select getSetting('max_block_size'), currentDatabase()", session).text == "123\tsystem\n"
    assert http.post("/", content=b"select x from kept").headers["x-clickhouse-exception-code"] == "60"


def test_settings_in_the_url_hold_for_one_request_of_a_session(http: httpx.Client) -> None:
    session = str(uuid.uuid4())
    post(http, "set max_block_size = 123", session)
    read = "select getSetting('max_block_size'), getSetting('max_threads') = 3, currentDatabase()"
    one = post(http, read, session, max_block_size="55", max_threads="3", database="system")
    assert one.text == "55\t1\tsystem\n"
    assert post(http, read, session).text == "123\t0\tdefault\n"


@pytest.mark.parametrize(
    ("setting", "value"), [("max_block_size", "55"), ("use_query_condition_cache", "true"), ("compatibility", "24.1")]
)
def test_the_next_request_of_an_untouched_session_has_our_settings_again(
    http: httpx.Client, setting: str, value: str
) -> None:
    session = str(uuid.uuid4())
    read = f"select getSetting('{setting}'), currentDatabase()"
    before = post(http, read, session).text
    assert post(http, read, session, **{setting: value, "database": "system"}).text == f"{value}\tsystem\n"
    assert post(http, read, session).text == before
    assert post(http, f"set {setting} = '{value}'", session, database="system").status_code == 200
    assert post(http, read, session).text == f"{value}\tdefault\n"


def test_session_check_demands_that_the_session_exists(http: httpx.Client) -> None:
    session = str(uuid.uuid4())
    missing = post(http, "select 1", session, session_check="1")
    assert missing.headers["x-clickhouse-exception-code"] == "372"
    assert "SESSION_NOT_FOUND" in missing.text
    post(http, "select 1", session)
    assert post(http, "select 1", session, session_check="1").text == "1\n"


def test_two_requests_at_once_in_one_session_are_refused(http: httpx.Client) -> None:
    session = str(uuid.uuid4())
    slow = threading.Thread(target=post, args=(http, "select sleep(1)", session))
    slow.start()
    time.sleep(0.4)
    locked = post(http, "select 1", session)
    slow.join()
    assert locked.headers["x-clickhouse-exception-code"] == "373"
    assert "SESSION_IS_LOCKED" in locked.text
    assert post(http, "select 1", session).text == "1\n"


def test_a_session_ends_after_its_timeout(http: httpx.Client) -> None:
    session = str(uuid.uuid4())
    post(http, "create temporary table kept (x UInt8)", session, session_timeout="1")
    assert post(http, "select count() from kept", session, session_timeout="1").text == "0\n"
    time.sleep(2.2)
    assert post(http, "select 1", session, session_check="1").headers["x-clickhouse-exception-code"] == "372"


@pytest.mark.parametrize("timeout", ["3601", "-1", "soon"])
def test_timeouts_beyond_the_limit_are_refused(timeout: str) -> None:
    with pytest.raises(EngineError, match="INVALID_SESSION_TIMEOUT"):
        read_timeout(timeout)


def test_each_use_starts_the_timeout_anew(sessions: Sessions, clock: Clock) -> None:
    with sessions.lent(ADMIN, "a", "10", must_exist=False) as connection:
        pass
    clock.now = 9
    with sessions.lent(ADMIN, "a", "10", must_exist=True) as same:
        assert same is connection
    clock.now = 18
    sessions.expire()
    assert not connection.is_closed
    clock.now = 19
    sessions.expire()
    assert connection.is_closed
    assert len(sessions) == 0


def test_a_session_in_use_does_not_expire(sessions: Sessions, clock: Clock) -> None:
    with sessions.lent(ADMIN, "a", "1", must_exist=False) as connection:
        clock.now = 100
        sessions.expire()
        assert not connection.is_closed


def test_users_do_not_share_sessions(sessions: Sessions) -> None:
    with sessions.lent(ADMIN, "a", "", must_exist=False):
        pass
    with (
        pytest.raises(EngineError, match="SESSION_NOT_FOUND"),
        sessions.lent(User("bi_reader", "x", is_reader=True), "a", "", must_exist=True),
    ):
        pass


def test_the_number_of_sessions_is_limited(sessions: Sessions) -> None:
    for number in range(MAX_SESSIONS):
        with sessions.lent(ADMIN, str(number), "", must_exist=False):
            pass
    with (
        pytest.raises(EngineError, match="USER_SESSION_LIMIT_EXCEEDED"),
        sessions.lent(ADMIN, "one more", "", must_exist=False),
    ):
        pass
