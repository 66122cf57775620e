"""Stopping queries: by KILL QUERY and by leaving."""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from orchestration.embedded.access import User
from orchestration.embedded.errors import EngineError
from orchestration.embedded.running import MAX_RUNNING_QUERIES, MAX_RUNNING_QUERIES_OF_READERS, RunningQueries

ENDLESS = "select count() from numbers(1000000000000) where sipHash64(number) = 1"
Query = Callable[..., str]


def running(query: Query, query_id: str) -> int:
    return int(query(f"select count() from system.processes where query_id = '{query_id}'"))


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def in_background() -> Iterator[Callable[..., list]]:
    """Sends a request in a thread; the list receives its answer."""
    threads = []

    def start(send: Callable[[], httpx.Response]) -> list:
        answers: list = []
        thread = threading.Thread(target=lambda: answers.append(send()))
        thread.start()
        threads.append(thread)
        return answers

    yield start
    for thread in threads:
        thread.join(20)


def test_kill_query_finds_a_query_by_the_clients_id(http: httpx.Client, query: Query, in_background) -> None:
    query_id = f"mine-{uuid.uuid4()}"
    answers = in_background(lambda: http.post("/", params={"query_id": query_id}, content=ENDLESS.encode()))
    assert wait_until(lambda: running(query, query_id) == 1)
    assert "finished" in query(f"kill query where query_id = '{query_id}' sync")
    assert wait_until(lambda: bool(answers))
    assert answers[0].headers["x-clickhouse-exception-code"] == "394"
    assert "QUERY_WAS_CANCELLED" in answers[0].text


def test_killing_one_query_leaves_the_others_alone(http: httpx.Client, query: Query, in_background) -> None:
    other = in_background(lambda: http.post("/", content=b"select sleep(1)"))
    query(f"kill query where query_id = '{uuid.uuid4()}' sync")
    assert wait_until(lambda: bool(other))
    assert other[0].text == "0\n"


def test_a_killed_insert_is_an_error_and_leaves_no_rows(
    http: httpx.Client, query: Query, table: str, in_background
) -> None:
    query_id = f"mine-{uuid.uuid4()}"
    query(f"alter table {table} add constraint slow check sleepEachRow(0.05) = 0")
    rows = b"".join(b"%d\tx\n" % number for number in range(50))
    parameters = {"query_id": query_id, "query": f"insert into {table} format TSV"}
    answers = in_background(lambda: http.post("/", params=parameters, content=rows))
    assert wait_until(lambda: running(query, query_id) == 1)
    query(f"kill query where query_id = '{query_id}'")
    assert wait_until(lambda: bool(answers))
    assert answers[0].headers["x-clickhouse-exception-code"] == "394"
    assert query(f"select count() from {table}") == "0\n"


def test_a_client_that_leaves_cancels_its_query(http: httpx.Client, query: Query) -> None:
    query_id = f"mine-{uuid.uuid4()}"
    with contextlib.suppress(httpx.ReadTimeout):
        http.post("/", params={"query_id": query_id}, content=ENDLESS.encode(), timeout=0.7)
    assert wait_until(lambda: running(query, query_id) == 0, seconds=5)


def test_a_client_that_leaves_amid_the_answer_cancels_its_query(http: httpx.Client, query: Query) -> None:
    query_id = f"mine-{uuid.uuid4()}"
    sql = b"select repeat('x', 100) from numbers(1000000000)"
    with http.stream("POST", "/", params={"query_id": query_id}, content=sql) as answer:
        chunks = answer.iter_raw()  # Kept: with an iterator that is dropped, httpx closes the connection.
        next(chunks)
        assert running(query, query_id) == 1
    assert wait_until(lambda: running(query, query_id) == 0, seconds=5)


def test_a_client_that_leaves_amid_its_insert_leaves_no_rows(http: httpx.Client, query: Query, table: str) -> None:
    def rows() -> Iterator[bytes]:
        yield b"1\ta\n"
        raise ConnectionAbortedError

    with contextlib.suppress(ConnectionAbortedError):
        http.post("/", params={"query": f"insert into {table} format TSV"}, content=rows())
    time.sleep(0.5)
    assert query(f"select count() from {table}") == "0\n"


def test_processes_show_the_clients_ids_and_comments(query: Query) -> None:
    sql = "select query_id, p.user from system.processes as p where query_id = 'my id'"
    assert query(sql, query_id="my id") == "my id\tdefault\n"
    assert query(sql, query_id="my id", log_comment="why") == "my id\tdefault\n"


def test_readers_leave_places_to_administrators() -> None:
    reader, admin = User("bi_reader", "x", is_reader=True), User("default", "x")
    running = RunningQueries(None)  # type: ignore[arg-type]
    with ExitStack() as stack:
        for _ in range(MAX_RUNNING_QUERIES_OF_READERS):
            stack.enter_context(running.place(reader))
        with pytest.raises(EngineError, match="TOO_MANY_SIMULTANEOUS_QUERIES"), running.place(reader):
            pass
        for _ in range(MAX_RUNNING_QUERIES - MAX_RUNNING_QUERIES_OF_READERS):
            stack.enter_context(running.place(admin))
        with pytest.raises(EngineError, match="TOO_MANY_SIMULTANEOUS_QUERIES"), running.place(admin):
            pass
    with running.place(reader):
        pass


def test_two_queries_of_one_id_do_not_run_at_once(http: httpx.Client, query: Query, in_background) -> None:
    """Stopping one would stop the other, whose user may be another one."""
    query_id = f"mine-{uuid.uuid4()}"
    in_background(lambda: http.post("/", params={"query_id": query_id}, content=b"select sleep(1)"))
    assert wait_until(lambda: running(query, query_id) == 1)
    refused = http.post("/", params={"query_id": query_id}, content=b"select 1")
    assert refused.headers["x-clickhouse-exception-code"] == "216"


def test_too_many_queries_at_once_are_refused(http: httpx.Client, services, recorded, monkeypatch) -> None:
    user, password = recorded["clickhouse"]["user"], recorded["clickhouse"]["password"]
    limits = httpx.Limits(max_connections=MAX_RUNNING_QUERIES + 10)
    with httpx.Client(base_url=services.url, auth=(user, password), limits=limits, timeout=30) as client:
        codes: list[str] = []

        def send() -> None:
            answer = client.post("/", content=b"select sleep(2)")
            codes.append(answer.headers.get("x-clickhouse-exception-code", "0"))

        threads = [threading.Thread(target=send) for _ in range(MAX_RUNNING_QUERIES + 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(set(codes)) == ["0", "202"]
    assert http.post("/", content=b"select 1").text == "1\n"
