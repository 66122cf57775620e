"""Whose a query is: who sees it, who ends it, and what its id and comment cannot do."""

import contextlib
import time
import uuid
from collections.abc import Callable

import httpx
import pytest

from tests.orchestration.embedded.conftest import code_of
from tests.orchestration.embedded.test_query_job import ENDLESS, in_background, running, wait_until

__all__ = ["in_background"]
Query = Callable[..., str]


@pytest.mark.parametrize("comment", ["settings log_comment = 'mine'", "settings log_comment = ''"])
def test_a_query_with_a_comment_of_its_own_ends_with_its_client(http: httpx.Client, query: Query, comment: str) -> None:
    """The client's id once travelled in that setting, and a query that replaced it ran on for ever."""
    query_id = f"mine-{uuid.uuid4()}"
    with contextlib.suppress(httpx.ReadTimeout):
        http.post("/", params={"query_id": query_id}, content=f"{ENDLESS} {comment}".encode(), timeout=1.0)
    ours = "select count() from system.processes where query like '%log_comment = \\'%' and query not like '%system%'"
    assert wait_until(lambda: query(ours) == "0\n", seconds=5)


def test_a_query_in_a_session_with_a_comment_ends_with_its_client(http: httpx.Client, query: Query) -> None:
    session = {"session_id": f"{uuid.uuid4()}"}
    http.post("/", params=session, content=b"set log_comment = 'of another'")
    with contextlib.suppress(httpx.ReadTimeout):
        http.post("/", params=session, content=ENDLESS.encode(), timeout=1.0)
    assert wait_until(
        lambda: (
            query("select count() from system.processes where query like '%sipHash64%' and query not like '%sys%'")
            == "0\n"
        ),
        seconds=5,
    )


def test_a_comment_that_names_another_query_stops_nothing(http: httpx.Client, query: Query, in_background) -> None:
    query_id = f"mine-{uuid.uuid4()}"
    other = in_background(lambda: http.post("/", params={"log_comment": query_id}, content=b"select sleep(1.5)"))
    time.sleep(0.3)
    with contextlib.suppress(httpx.ReadTimeout):
        http.post("/", params={"query_id": query_id}, content=ENDLESS.encode(), timeout=0.3)
    assert wait_until(lambda: bool(other))
    assert other[0].text == "0\n"


def test_an_administrator_sees_whose_a_query_is(
    http: httpx.Client, reader: httpx.Client, query: Query, in_background
) -> None:
    query_id = f"mine-{uuid.uuid4()}"
    answers = in_background(lambda: reader.post("/", params={"query_id": query_id}, content=ENDLESS.encode()))
    assert wait_until(lambda: running(query, query_id) == 1)
    seen = query(f"select user, initial_user, initial_query_id from system.processes where query_id = '{query_id}'")
    assert seen == f"bi_reader\tbi_reader\t{query_id}\n"
    query(f"kill query where user = 'bi_reader' and query_id = '{query_id}' sync")
    assert wait_until(lambda: bool(answers))
    assert code_of(answers[0]) == "394"


def test_a_reader_ends_its_own_query(reader: httpx.Client, query: Query, in_background) -> None:
    query_id = f"mine-{uuid.uuid4()}"
    answers = in_background(lambda: reader.post("/", params={"query_id": query_id}, content=ENDLESS.encode()))
    assert wait_until(lambda: running(query, query_id) == 1)
    killed = reader.post("/", content=f"kill query where query_id = '{query_id}' sync".encode())
    assert killed.text == f"finished\t{query_id}\tbi_reader\n"
    assert wait_until(lambda: bool(answers))
    assert code_of(answers[0]) == "394"


def test_a_reader_ends_no_other_query(http: httpx.Client, reader: httpx.Client, query: Query, in_background) -> None:
    query_id = f"theirs-{uuid.uuid4()}"
    answers = in_background(lambda: http.post("/", params={"query_id": query_id}, content=b"select sleep(2)"))
    assert wait_until(lambda: running(query, query_id) == 1)
    assert reader.post("/", content=f"kill query where query_id = '{query_id}' sync".encode()).text == ""
    for attack in (
        "kill query where 1",
        f"kill query where query_id = '{query_id}' or 1",
        f"kill query where query_id like '{query_id[:9]}%'",
        "kill query where user = 'default'",
        "kill mutation where 1",
        f"kill query where query_id = (select '{query_id}')",
    ):
        assert code_of(reader.post("/", content=attack.encode())) in ("164", "62"), attack
    get = reader.get("/", params={"query": f"kill query where query_id = '{query_id}'"})
    assert code_of(get) == "164"
    taken = reader.post("/", params={"query_id": query_id}, content=b"select 1")
    assert code_of(taken) == "216"
    assert wait_until(lambda: bool(answers))
    assert answers[0].text == "0\n"


def test_a_query_id_forges_no_line_of_the_log(http: httpx.Client, log: Callable[[], str]) -> None:
    forged = "2026-01-01 00:00:00 INFO endpoint: default - forged"
    for character in ("\n", "\r", "\u2028", "\x85", "\x1b", "\x00"):
        answer = http.post("/", params={"query_id": f"x{character}{forged}"}, content=b"select 1")
        assert code_of(answer) == "36"
    http.post("/", content=f"`x\n{forged}`".encode())
    assert "forged" not in log()
