"""Sessions: what they keep, who may use them, and when they end."""

import threading
import time
import uuid
from contextlib import ExitStack

import httpx
import psutil
import pytest
from sqlalchemy import NullPool, create_engine, text

from orchestration.embedded import sessions as module
from orchestration.embedded.access import User
from orchestration.embedded.errors import EngineError
from orchestration.embedded.services import Services
from orchestration.embedded.sessions import MAX_SESSIONS_WITH_STATE, Sessions, read_timeout

ADMIN = User("default", "secret")
READER = User("bi_reader", "x", is_reader=True)


class Connection:
    """Stands in for an engine connection."""

    def __init__(self) -> None:
        self.is_spent = False
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


class Pool:
    """Stands in for a pool; counts what is out."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self) -> Connection:
        self.taken += 1
        return Connection()

    def give(self, connection: Connection) -> None:
        self.taken -= 1


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pools() -> dict[bool, Pool]:
    return {False: Pool(), True: Pool()}


@pytest.fixture
def sessions(clock: Clock, pools: dict[bool, Pool]) -> Sessions:
    return Sessions(pools, clock)  # type: ignore[arg-type]


def use(sessions: Sessions, user: User, session_id: str, *, keeps_state: bool, timeout: str = "") -> Connection:
    """One request of a session; with `keeps_state` as after a SET."""
    with sessions.borrow(user, session_id, timeout, must_exist=False) as connection:
        connection.is_spent = connection.is_spent or keeps_state
    return connection  # type: ignore[return-value]


def exists(sessions: Sessions, user: User, session_id: str) -> bool:
    try:
        with sessions.borrow(user, session_id, "", must_exist=True):
            return True
    except EngineError:
        return False


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


def test_each_use_starts_the_timeout_again(sessions: Sessions, clock: Clock) -> None:
    connection = use(sessions, ADMIN, "a", keeps_state=True, timeout="10")
    clock.now = 9
    with sessions.borrow(ADMIN, "a", "10", must_exist=True) as same:
        assert same is connection
    clock.now = 18
    sessions.expire()
    assert not connection.is_closed
    clock.now = 19
    sessions.expire()
    assert connection.is_closed
    assert len(sessions) == 0


def test_a_session_in_use_does_not_expire(sessions: Sessions, clock: Clock) -> None:
    with sessions.borrow(ADMIN, "a", "1", must_exist=False) as connection:
        clock.now = 100
        sessions.expire()
        assert not connection.is_closed  # type: ignore[attr-defined]


def test_users_do_not_share_sessions(sessions: Sessions) -> None:
    use(sessions, ADMIN, "a", keeps_state=False)
    assert not exists(sessions, READER, "a")


def test_a_session_without_state_holds_no_connection(sessions: Sessions, pools: dict[bool, Pool]) -> None:
    for number in range(1000):
        use(sessions, READER, str(number), keeps_state=False)
    assert (len(sessions), pools[True].taken) == (1000, 0)
    use(sessions, READER, "1", keeps_state=True)
    assert pools[True].taken == 1


def test_beyond_the_limit_the_longest_idle_session_of_the_user_ends(sessions: Sessions, clock: Clock) -> None:
    of_admin = use(sessions, ADMIN, "mine", keeps_state=True)
    connections = []
    for number in range(MAX_SESSIONS_WITH_STATE):
        clock.now += 0.01
        connections.append(use(sessions, READER, str(number), keeps_state=True))
    clock.now += 0.01
    use(sessions, READER, "0", keeps_state=True)
    use(sessions, READER, "without state", keeps_state=False)
    assert not any(connection.is_closed for connection in connections)
    use(sessions, READER, "one more", keeps_state=True)
    assert [number for number, connection in enumerate(connections) if connection.is_closed] == [1]
    assert not of_admin.is_closed
    assert exists(sessions, READER, "without state")
    assert not exists(sessions, READER, "1")


def test_sessions_in_use_never_end_and_an_administrator_always_gets_in(sessions: Sessions) -> None:
    with ExitStack() as stack:
        busy = []
        for number in range(MAX_SESSIONS_WITH_STATE + 20):
            connection = stack.enter_context(sessions.borrow(READER, str(number), "", must_exist=False))
            connection.is_spent = True
            busy.append(connection)
        use(sessions, READER, "idle", keeps_state=True)
        assert not any(connection.is_closed for connection in busy)  # type: ignore[attr-defined]
        assert not use(sessions, ADMIN, "mine", keeps_state=True).is_closed
    assert len(sessions) <= MAX_SESSIONS_WITH_STATE + 1


def test_the_names_of_sessions_are_limited_too(sessions: Sessions, clock: Clock, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_SESSIONS", 10)
    for number in range(15):
        clock.now += 0.01
        use(sessions, READER, str(number), keeps_state=False)
    assert len(sessions) == 10
    assert not exists(sessions, READER, "4")
    assert exists(sessions, READER, "5")


def test_a_tool_may_open_a_connection_for_each_of_a_thousand_queries(services: Services, recorded: dict) -> None:
    """As SQLAlchemy's NullPool does, which Superset uses: each connection is a session that nothing ends."""
    engine = recorded["bi_reader"]
    address = f"clickhousedb://{engine['user']}:{engine['password']}@{services.host}:{services.port}/default"
    descriptors = psutil.Process(services.pid).num_fds()
    with httpx.Client(base_url=services.url, auth=(engine["user"], engine["password"]), timeout=30) as client:
        for _ in range(1000):
            assert post(client, "select 1", str(uuid.uuid4()), session_timeout="3600").text == "1\n"
    assert psutil.Process(services.pid).num_fds() - descriptors < 100
    pool = create_engine(address, poolclass=NullPool)
    for _ in range(20):
        with pool.connect() as connection:
            assert connection.execute(text("select 1")).scalar() == 1


def test_readers_with_all_their_sessions_do_not_lock_an_administrator_out(
    http: httpx.Client, reader: httpx.Client
) -> None:
    first = str(uuid.uuid4())
    for number in range(MAX_SESSIONS_WITH_STATE + 5):
        answer = post(reader, "set max_threads = 1", f"{first} {number}", session_timeout="3600")
        assert answer.status_code == 200, answer.text
    session = str(uuid.uuid4())
    assert post(http, "set max_block_size = 55", session).status_code == 200
    assert post(http, "select getSetting('max_block_size')", session).text == "55\n"
    ended = post(reader, "select 1", f"{first} 0", session_check="1")
    assert ended.headers["x-clickhouse-exception-code"] == "372"
    kept = post(reader, "select getSetting('max_threads')", f"{first} 104", session_check="1")
    assert kept.text == "1\n"
