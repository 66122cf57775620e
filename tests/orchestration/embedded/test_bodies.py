"""Bodies of requests as ClickHouse's clients send them: rows to insert, compressed or not, and forms."""

import gzip
import json
import zlib
from collections.abc import Callable

import httpx
import lz4.frame
import pytest
import zstandard

from orchestration.embedded.services import Services
from tests.orchestration.embedded.conftest import megabytes_of

Query = Callable[..., str]
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("coding", ENCODERS)
def test_insert_bodies_may_be_compressed(http: httpx.Client, query: Query, table: str, coding: str) -> None:
    rows = b"".join(b'{"number":%d,"name":"x%d"}\n' % (i, i) for i in range(50_000))
    answer = http.post(
        "/",
        params={"query": f"insert into {table} format JSONEachRow"},
        content=ENCODERS[coding](rows),
        headers={"Content-Encoding": coding},
    )
    assert answer.status_code == 200, answer.text
    assert json.loads(answer.headers["x-clickhouse-summary"])["written_rows"] == "50000"
    assert query(f"select count(), sum(number) from {table}") == f"50000\t{sum(range(50_000))}\n"


def test_the_whole_statement_may_be_in_a_compressed_body(http: httpx.Client, query: Query, table: str) -> None:
    body = gzip.compress(f"insert into {table} format CSV\n1,a\n2,b\n".encode())
    assert http.post("/", content=body, headers={"Content-Encoding": "gzip"}).status_code == 200
    assert query(f"select * from {table} order by number") == "1\ta\n2\tb\n"


@pytest.mark.parametrize("coding", ENCODERS)
def test_a_compressed_body_that_breaks_off_is_an_error_and_inserts_nothing(
    http: httpx.Client, query: Query, table: str, coding: str
) -> None:
    rows = b"".join(b"%d\tx%d\n" % (i, i * 7919) for i in range(20_000))
    body = ENCODERS[coding](rows)
    answer = http.post(
        "/",
        params={"query": f"insert into {table} format TSV"},
        content=body[: len(body) // 2],
        headers={"Content-Encoding": coding},
    )
    assert answer.headers["x-clickhouse-exception-code"] == "354"
    assert query(f"select count() from {table}") == "0\n"


@pytest.mark.parametrize(
    ("input_format", "rows"),
    [
        ("Values", "(1, 'a'), (1 + 1, concat('b', 'c'))"),
        ("CSV", "1,a\n2,bc\n"),
        ("TSV", "1\ta\n2\tbc\n"),
        ("JSONEachRow", '{"number":1,"name":"a"}\n{"number":2,"name":"bc"}\n'),
        ("CSVWithNames", "name,number\na,1\nbc,2\n"),
    ],
)
def test_rows_follow_the_insert_in_any_format(
    http: httpx.Client, query: Query, table: str, input_format: str, rows: str
) -> None:
    clause = "values" if input_format == "Values" else f"format {input_format}"
    expected = "1\ta\n2\tbc\n"
    assert http.post("/", content=f"insert into {table} (number, name) {clause}\n{rows}".encode()).status_code == 200
    assert query(f"select * from {table} order by number") == expected
    query(f"truncate table {table}")
    in_url = {"query": f"INSERT INTO TABLE {table} (number, name) {clause}"}
    assert http.post("/", params=in_url, content=rows.encode()).status_code == 200
    assert query(f"select * from {table} order by number") == expected


def test_insert_select_and_values_with_parameters_work(http: httpx.Client, query: Query, table: str) -> None:
    query(f"insert into {table} select number, 'from select' from numbers(2)")
    query(f"insert into {table} values ({{x:UInt64}}, {{y:String}})", param_x="9", param_y="it's")
    assert query(f"select * from {table} order by number") == "0\tfrom select\n1\tfrom select\n9\tit\\'s\n"


def test_a_bad_row_fails_the_insert_and_says_where(http: httpx.Client, query: Query, table: str) -> None:
    answer = http.post("/", content=f"insert into {table} format CSV\n1,a\nx,y,z\n".encode())
    assert answer.status_code == 400
    assert "row 2" in answer.text
    assert query(f"select count() from {table}") == "0\n"


def test_rows_that_a_constraint_refuses_are_an_error(http: httpx.Client, query: Query, table: str) -> None:
    """chDB's streaming insert answered "1,000,000 rows written" here and stored none."""
    query(f"alter table {table} add constraint small check number < 100")
    for sql in (f"insert into {table} format CSV\n99,a\n100,b\n", f"insert into {table} values (99, 'a'), (100, 'b')"):
        assert http.post("/", content=sql.encode()).headers["x-clickhouse-exception-code"] == "469"
    assert query(f"select count() from {table}") == "0\n"


def test_settings_inside_an_insert_hold(http: httpx.Client, query: Query, table: str) -> None:
    sql = f"insert into {table} settings format_csv_delimiter = ';' format CSV\n1;a\n"
    assert http.post("/", content=sql.encode()).text == ""
    assert query(f"select * from {table}") == "1\ta\n"


def test_a_large_insert_streams_in_little_memory(
    http: httpx.Client, services: Services, query: Query, table: str
) -> None:
    before, peak = megabytes_of(services.pid), [0.0]

    def rows():
        for start in range(0, 1_500_000, 10_000):
            peak[0] = max(peak[0], megabytes_of(services.pid))
            yield b"".join(b"%d\t%s\n" % (i, b"x" * 60) for i in range(start, start + 10_000))

    answer = http.post("/", params={"query": f"insert into {table} format TSV"}, content=rows())
    assert answer.status_code == 200, answer.text
    assert query(f"select count() from {table}") == "1500000\n"
    assert peak[0] - before < 250


def test_form_fields_are_parameters(http: httpx.Client) -> None:
    form = {"query": (None, "select {x:UInt8}, {name:String}"), "param_x": (None, "5"), "param_name": (None, "a\\tb")}
    assert http.post("/", files=form).text == "5\ta\\tb\n"


def test_a_form_file_is_an_external_table(http: httpx.Client) -> None:
    answer = http.post(
        "/",
        params={
            "query": "select sum(a), any(b) from extra",
            "extra_structure": "a UInt8, b String",
            "extra_format": "CSV",
        },
        files={"extra": ("extra.csv", b"1,x\n2,x\n")},
    )
    assert answer.text == "3\tx\n"


def test_a_form_that_cannot_be_read_is_an_error(http: httpx.Client) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = http.post("/", content=b"--y\r\nrubbish", headers=headers)
    assert answer.headers["x-clickhouse-exception-code"] in ("36", "62")
