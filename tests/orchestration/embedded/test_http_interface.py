"""The endpoint as ClickHouse's clients see it: answers, errors, headers."""

import gzip
import json
import threading
import time
import uuid
import zlib
from collections.abc import Callable

import clickhouse_connect
import httpx
import lz4.frame
import psutil
import pytest
import zstandard

from orchestration.embedded.services import Services
from tests.orchestration.embedded.conftest import megabytes_of

Query = Callable[..., str]


@pytest.mark.parametrize(
    ("sql", "parameters", "expected"),
    [
        ("select 1, 'a'", {}, "1\ta\n"),
        ("select 1 as x", {"default_format": "JSONEachRow"}, '{"x":1}\n'),
        ("select 1 as x format CSVWithNames", {"default_format": "JSONEachRow"}, '"x"\n1\n'),
        ("select 1 as x format CSV -- a comment behind\n;", {}, "1\n"),
        ("select 1 as x settings max_threads = 1 format CSV", {}, "1\n"),
        ("select 1 as x format CSV settings max_threads = 1", {}, "1\n"),
        ("select 'format CSV'", {}, "format CSV\n"),
        ("with 2 as two select two union all select two", {}, "2\n2\n"),
        ("(select 3)", {}, "3\n"),
        ("show databases like 'default' format CSV", {}, '"default"\n'),
        ("exists table default.nothing_here", {}, "0\n"),
        ("select {x:UInt8} + {y:UInt8}", {"param_x": "3", "param_y": "4"}, "7\n"),
        ("select currentDatabase()", {"database": "system"}, "system\n"),
        ("select getSetting('max_threads')", {"max_threads": "7"}, "7\n"),
        ("select number from numbers(0)", {}, ""),
        ("select timezone()", {}, "UTC\n"),
        ("select 'žluťoučký 🐎'", {}, "žluťoučký 🐎\n"),
    ],
)
def test_a_query_is_answered_as_by_a_server(query: Query, sql: str, parameters: dict, expected: str) -> None:
    assert query(sql, **parameters) == expected


def test_the_query_may_come_in_the_url_in_the_body_or_in_both(http: httpx.Client) -> None:
    assert http.get("/", params={"query": "select 1"}).text == "1\n"
    assert http.post("/", content=b"select 2").text == "2\n"
    assert http.post("/", params={"query": "select"}, content=b"3").text == "3\n"
    assert http.get("/").text == "Ok.\n"
    assert http.get("/ping").text == "Ok.\n"


def test_headers_say_format_id_timezone_and_counts(http: httpx.Client) -> None:
    query_id = str(uuid.uuid4())
    answer = http.post("/", params={"query_id": query_id}, content=b"select number from numbers(10) format JSON")
    assert answer.headers["x-clickhouse-query-id"] == query_id
    assert answer.headers["x-clickhouse-format"] == "JSON"
    assert answer.headers["x-clickhouse-timezone"] == "UTC"
    assert answer.headers["x-clickhouse-server-display-name"]
    assert answer.headers["content-type"].startswith("application/json")
    assert json.loads(answer.headers["x-clickhouse-summary"])["read_rows"] == "10"
    assert answer.json()["rows"] == 10


def test_format_and_database_headers_are_honoured(http: httpx.Client) -> None:
    headers = {"X-ClickHouse-Format": "JSONEachRow", "X-ClickHouse-Database": "system"}
    assert http.post("/", content=b"select currentDatabase() as d", headers=headers).json() == {"d": "system"}


def test_settings_of_one_request_do_not_reach_the_next(query: Query) -> None:
    before = query("select getSetting('max_block_size')")
    assert query("select getSetting('max_block_size')", max_block_size="17") == "17\n"
    assert {query("select getSetting('max_block_size')") for _ in range(12)} == {before}


def test_a_set_or_use_without_a_session_does_not_reach_the_next_request(query: Query) -> None:
    query("set max_block_size = 19")
    query("use system")
    answers = {query("select currentDatabase(), getSetting('max_block_size') = 19") for _ in range(12)}
    assert answers == {"default\t0\n"}


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("selec 1", 400, 62),
        ("select nope", 400, 47),
        ("select * from nothing_here", 404, 60),
        ("select * from nowhere.nothing", 404, 81),
        ("select no_such_function(1)", 404, 46),
        ("select 1; select 2", 400, 62),
        ("", 400, 62),
        ("select throwIf(1)", 500, 395),
        ("select {x:UInt8}", 400, 456),
        ("select 1 format NoSuchFormat", 404, 73),
        ("select 1 into outfile '/tmp/stolen.txt'", 501, 344),
        ("insert into default.nothing_here values (1)", 404, 60),
        ("create table default.twice (x Int8) engine = Nonsense", 404, 56),
    ],
)
def test_errors_have_clickhouse_codes_and_texts(http: httpx.Client, sql: str, status: int, code: int) -> None:
    answer = http.post("/", content=sql.encode())
    assert answer.headers["x-clickhouse-exception-code"] == str(code)
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert answer.text.count("DB::Exception") == 1
    assert answer.text.rstrip().endswith(")")
    assert answer.status_code == status


def test_unknown_settings_and_databases_are_errors(http: httpx.Client) -> None:
    assert http.post("/", params={"no_such_setting": "1"}, content=b"select 1").text.startswith("Code: 115.")
    assert http.post("/", params={"database": "nowhere"}, content=b"select 1").text.startswith("Code: 81.")


def test_a_get_request_cannot_change_anything(http: httpx.Client) -> None:
    answer = http.get("/", params={"query": "create database made_by_get"})
    assert answer.headers["x-clickhouse-exception-code"] == "164"


@pytest.mark.parametrize("name", ["Native", "TabSeparatedWithNamesAndTypes", "Parquet", "JSONCompact", "Arrow"])
def test_a_large_result_passes_whole_and_in_little_memory(http: httpx.Client, services: Services, name: str) -> None:
    before, peak, size = megabytes_of(services.pid), 0.0, 0
    sql = f"select number, toString(number) as text, repeat('x', 40) as filler from numbers(1500000) format {name}"
    with http.stream("POST", "/", content=sql.encode()) as answer:
        assert answer.status_code == 200
        for chunk in answer.iter_raw(1 << 20):
            size += len(chunk)
            peak = max(peak, megabytes_of(services.pid))
    assert size > 5_000_000
    # Parquet gathers a whole row group before it writes.
    assert peak - before < (400 if name == "Parquet" else 150)


def test_a_slow_reader_slows_the_query_instead_of_filling_memory(http: httpx.Client, services: Services) -> None:
    with http.stream("POST", "/", content=b"select repeat('x', 100) from numbers(1000000000)") as answer:
        chunks = answer.iter_raw(1 << 16)
        next(chunks)
        time.sleep(0.5)
        before = megabytes_of(services.pid)
        time.sleep(1)
        next(chunks)
        assert megabytes_of(services.pid) - before < 30


def test_an_error_after_the_first_rows_is_marked_and_cuts_the_connection(http: httpx.Client) -> None:
    received = b""
    sql = b"select throwIf(number = 3000000), repeat('x', 20) from numbers(10000000) settings max_block_size = 10000"
    with http.stream("POST", "/", content=sql) as answer, pytest.raises(httpx.RemoteProtocolError):
        tag = answer.headers["x-clickhouse-exception-tag"]
        for chunk in answer.iter_raw():
            received = (received + chunk)[-2000:]
    assert f"__exception__\r\n{tag}\r\nCode: 395.".encode() in received


def test_wait_end_of_query_turns_a_late_error_into_a_status(http: httpx.Client) -> None:
    sql = b"select throwIf(number = 3000000), repeat('x', 20) from numbers(10000000) settings max_block_size = 10000"
    answer = http.post("/", params={"wait_end_of_query": "1"}, content=sql)
    assert answer.headers["x-clickhouse-exception-code"] == "395"


DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "lz4": lz4.frame.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


@pytest.mark.parametrize("coding", DECODERS)
@pytest.mark.parametrize("rows", [0, 3, 300_000])
def test_answers_are_compressed_on_request(http: httpx.Client, coding: str, rows: int) -> None:
    sql = f"select number from numbers({rows})".encode()
    expected = http.post("/", content=sql).content
    parameters = {"enable_http_compression": "1"}
    with http.stream("POST", "/", content=sql, params=parameters, headers={"Accept-Encoding": coding}) as answer:
        assert answer.headers["content-encoding"] == coding
        assert DECODERS[coding](b"".join(answer.iter_raw())) == expected


def test_a_temporary_table_without_a_session_lives_for_one_request(http: httpx.Client, query: Query) -> None:
    comment = "/* " + "a long comment as dbt writes it " * 20 + "*/"
    for _ in range(3):
        query(f"{comment} create temporary table short_lived (x UInt8)")
    assert http.post("/", content=b"select * from short_lived").headers["x-clickhouse-exception-code"] == "60"


def test_clickhouse_block_compression_is_refused_with_advice(http: httpx.Client) -> None:
    answer = http.post("/", params={"compress": "1"}, content=b"select 1")
    assert answer.status_code == 501
    assert "enable_http_compression" in answer.text


def test_clickhouse_connect_reads_and_writes_native(services: Services, recorded: dict, table: str) -> None:
    engine = recorded["clickhouse"]
    client = clickhouse_connect.get_client(
        host=services.host, port=services.port, username=engine["user"], password=engine["password"]
    )
    assert client.insert(table, [[1, "a"], [2, "b"]], column_names=["number", "name"]).written_rows == 2
    assert client.query(f"select * from {table} order by number").result_rows == [(1, "a"), (2, "b")]
    assert client.query(f"select * from {table} where number > %(n)s", {"n": 1}).result_rows == [(2, "b")]
    assert client.query(f"select * from {table} where number > 9").result_rows == []
    assert client.command("select 7") == 7
    assert client.query_df("select number from numbers(100000)").shape == (100_000, 1)
    with client.query_row_block_stream("select number from numbers(500000)") as blocks:
        assert sum(len(block) for block in blocks) == 500_000
    with pytest.raises(clickhouse_connect.driver.exceptions.DatabaseError, match="UNKNOWN_TABLE"):
        client.query("select * from nothing_here")


def test_clickhouse_connect_hears_of_an_error_after_the_first_rows(services: Services, recorded: dict) -> None:
    engine = recorded["clickhouse"]
    client = clickhouse_connect.get_client(
        host=services.host, port=services.port, username=engine["user"], password=engine["password"], compress=False
    )
    sql = "select throwIf(number = 3000000), repeat('x', 20) from numbers(10000000) settings max_block_size = 10000"
    with (
        pytest.raises(clickhouse_connect.driver.exceptions.Error, match=r"395|FUNCTION_THROW_IF"),
        client.query_row_block_stream(sql) as blocks,
    ):
        for _ in blocks:
            pass


@pytest.mark.parametrize(
    ("settings", "code"), [("max_execution_time = 0.3", "159"), ("max_memory_usage = 1000000", "241")]
)
def test_limits_of_the_engine_are_errors(http: httpx.Client, settings: str, code: str) -> None:
    sql = f"select uniqExact(number), sum(sipHash64(number)) from numbers(1000000000) settings {settings}"
    answer = http.post("/", content=sql.encode())
    assert answer.headers["x-clickhouse-exception-code"] == code


def test_a_head_request_has_headers_and_no_body(http: httpx.Client) -> None:
    answer = http.head("/", params={"query": "select 1 format JSON"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["x-clickhouse-format"] == "JSON"


def test_the_query_condition_cache_is_off_for_everybody(http: httpx.Client, reader: httpx.Client) -> None:
    """With it, a query after certain joins silently missed rows until the engine was restarted."""
    for client in (http, reader):
        assert client.post("/", content=b"select getSetting('use_query_condition_cache')").text in ("false\n", "0\n")


def test_queries_run_side_by_side(query: Query) -> None:
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(query("select sleep(0.5)"))) for _ in range(8)]
    started_at = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["0\n"] * 8
    assert time.monotonic() - started_at < 2.5


def test_many_requests_leave_no_descriptors_and_no_threads_behind(query: Query, services: Services) -> None:
    process = psutil.Process(services.pid)
    for _ in range(20):
        query("select 1", max_threads="1")
    files, threads = process.num_fds(), process.num_threads()
    for _ in range(200):
        query("select 1", max_threads="1")
    assert process.num_fds() - files < 10
    assert process.num_threads() - threads < 10
