"""Users, passwords, and what the reader cannot do."""

from pathlib import Path

import httpx
import pytest

from orchestration.embedded.access import User, Users, read_credentials
from orchestration.embedded.errors import EngineError
from orchestration.embedded.services import Services


def ask(services: Services, **request) -> httpx.Response:
    return httpx.post(services.url, content=b"select currentUser()", **request)


def test_credentials_may_come_by_headers_by_basic_or_by_the_url(services: Services, recorded: dict) -> None:
    user, password = recorded["clickhouse"]["user"], recorded["clickhouse"]["password"]
    assert ask(services, headers={"X-ClickHouse-User": user, "X-ClickHouse-Key": password}).text == "default\n"
    assert ask(services, auth=(user, password)).text == "default\n"
    assert ask(services, params={"user": user, "password": password}).text == "default\n"


@pytest.mark.parametrize(
    "request_with",
    [
        {},
        {"auth": ("default", "wrong")},
        {"auth": ("stranger", "wrong")},
        {"auth": ("stranger", "")},
        {"auth": ("default", "pässword")},
        {"params": {"user": "default", "password": "wrong"}},
        {"headers": {"X-ClickHouse-User": "bi_reader", "X-ClickHouse-Key": "wrong"}},
        {"headers": {"Authorization": "Basic no-base64!"}},
    ],
)
def test_wrong_credentials_are_error_516(services: Services, request_with: dict) -> None:
    answer = ask(services, **request_with)
    assert answer.status_code in (401, 403)
    assert answer.headers["x-clickhouse-exception-code"] == "516"
    assert "AUTHENTICATION_FAILED" in answer.text


def test_a_reader_sees_the_marts_and_nothing_else(reader: httpx.Client, mart: str) -> None:
    assert reader.post("/", content=f"select sum(number) from {mart}".encode()).text == "3\n"
    assert reader.post("/", content=b"select number from facts", params={"database": "marts"}).text == "1\n2\n"
    assert reader.post("/", content=b"show tables from marts").text == "facts\n"
    assert reader.post("/", content=f"describe {mart} format CSV".encode()).text.startswith('"number","UInt64"')
    assert reader.post("/", content=f"explain select * from {mart}".encode()).status_code == 200
    assert reader.post("/", content=f"with t as (select * from {mart}) select count() from t".encode()).text == "2\n"
    assert reader.get("/", params={"query": "select 1"}).text == "1\n"


SMUGGLED = "; set role everything; select value from ops.keys into outfile '{file}' format TSV"


@pytest.mark.parametrize(
    "injection",
    [
        {"params": {"default_format": "TSV" + SMUGGLED}},
        {"headers": {"X-ClickHouse-Format": "TSV" + SMUGGLED}},
        {"params": {"query": "select 1 format `TSV" + SMUGGLED + "`"}},
        {"params": {"database": "marts`" + SMUGGLED}},
        {"params": {"max_threads": "1'" + SMUGGLED}},
        {"params": {"max_threads = 1" + SMUGGLED: "1"}},
        {"params": {"query_id": "'" + SMUGGLED}},
        {"params": {"x_structure": "a Int8)" + SMUGGLED}, "files": {"x": b"1"}},
        {"params": {"x_types": "Int8", "x_format": "CSV" + SMUGGLED}, "files": {"x": b"1"}},
    ],
)
def test_nothing_beside_the_statement_can_smuggle_another_one_in(
    reader: httpx.Client, mart: str, tmp_path: Path, injection: dict
) -> None:
    stolen = tmp_path / "stolen"
    parts = {"params": {}} | injection
    parts["params"] = {"query": "select 1"} | parts["params"]
    for part in ("params", "headers"):
        parts[part] = {k.format(file=stolen): v.format(file=stolen) for k, v in parts.get(part, {}).items()}
    reader.post("/", **parts)
    assert not stolen.exists()


@pytest.mark.parametrize("broken_end", ["; )", "; select", "; selec 1", "; insert into x"])
def test_of_several_statements_none_runs_even_when_the_last_is_broken(
    http: httpx.Client, reader: httpx.Client, mart: str, tmp_path: Path, broken_end: str
) -> None:
    """A text that does not parse as a whole went to the engine for its error, which ran what stood before it."""
    stolen = tmp_path / "stolen"
    answer = reader.post("/", content=("select 1" + SMUGGLED.format(file=stolen) + broken_end).encode())
    assert answer.status_code >= 400
    assert not stolen.exists()
    assert http.post("/", content=f"create database made_by_the_first{broken_end}".encode()).status_code >= 400
    inserts = f"insert into ops.keys values ('more'); create database made_by_the_first{broken_end}"
    http.post("/", content=inserts.encode())
    assert http.post("/", content=b"exists database made_by_the_first").text == "0\n"


@pytest.mark.parametrize("session", [{}, {"session_id": "readonly for once"}])
def test_readonly_among_the_settings_holds_for_that_request(http: httpx.Client, mart: str, session: dict) -> None:
    read, write = f"select sum(number) from {mart}".encode(), b"create database if not exists made_by_readonly"
    for _ in range(2):
        assert http.post("/", params={"readonly": "1"} | session, content=read).text == "3\n"
        refused = http.post("/", params={"readonly": "1"} | session, content=write)
        assert refused.headers["x-clickhouse-exception-code"] == "164"
    assert http.post("/", params=session, content=write).status_code == 200
    assert http.post("/", params=session, content=b"drop database made_by_readonly").status_code == 200


def test_a_reader_may_use_harmless_settings_sessions_and_parameters(reader: httpx.Client, mart: str) -> None:
    asked = {"max_threads": "1", "max_execution_time": "20", "readonly": "1", "session_id": "of the reader"}
    sql = b"select getSetting('max_threads'), getSetting('max_execution_time'), {x:UInt8}"
    for _ in range(2):
        assert reader.post("/", params=asked | {"param_x": "5"}, content=sql).text == "1\t20\t5\n"
    assert reader.post("/", content=b"select getSetting('max_execution_time')").text == "300\n"
    assert reader.post("/", content=b"select getSetting('readonly')").text == "2\n"


def test_headers_win_over_basic_and_basic_over_the_url() -> None:
    url = {"user": "c", "password": "3"}
    basic = {"authorization": "Basic YjoyOjI="}
    assert read_credentials({"x-clickhouse-user": "a", "x-clickhouse-key": "1", **basic}, url) == ("a", "1")
    assert read_credentials(basic, url) == ("b", "2:2")
    assert read_credentials({}, url) == ("c", "3")
    assert read_credentials({}, {}) == ("default", "")


def test_an_unknown_user_with_an_empty_password_is_refused() -> None:
    with pytest.raises(EngineError, match="Authentication failed"):
        Users([User("default", "secret")]).authenticate({}, {"user": "stranger"})
