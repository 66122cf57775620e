"""What clients without a password, curious readers and pages in a browser could do to the endpoint."""

import contextlib
import http.client
import socket
import threading
import zlib
from collections.abc import Callable, Iterator

import clickhouse_connect
import httpx
import psutil
import pytest
import zstandard

from orchestration.embedded import protocol
from orchestration.embedded.running import MAX_RUNNING_QUERIES_OF_READERS
from orchestration.embedded.services import Services
from tests.orchestration.embedded.conftest import code_of, megabytes_of

Query = Callable[..., str]


# -- statements as they are


def test_rows_behind_a_with_clause_are_inserted_as_they_are(http: httpx.Client, query: Query, table: str) -> None:
    """A semicolon and what looks like a comment at the end of the rows was cut from them."""
    rows = b"1\ta;\n2\tb -- c\n3\td;"
    for url in ({}, {"query": f"with 1 as x insert into {table} format TabSeparated"}):
        statement = b"" if url else f"with 1 as x insert into {table} format TabSeparated\n".encode()
        assert http.post("/", params=url, content=statement + rows).status_code == 200
        assert query(f"select name from {table} order by number") == "a;\nb -- c\nd;\n"
        query(f"truncate table {table}")


def test_rows_for_input_are_inserted(http: httpx.Client, query: Query, table: str) -> None:
    """chDB answers 200 to these statements and stores nothing."""
    select = "select n + 1, upper(name) from input('n UInt64, name String') where n < 9"
    for settings in ("", " settings max_threads = 1"):
        sql = f"insert into {table} {select}{settings} format CSV\n1,a;\n2,b\n9,c\n"
        assert http.post("/", content=sql.encode()).text == ""
        assert query(f"select * from {table} order by number") == "2\tA;\n3\tB\n"
        query(f"truncate table {table}")
    assert (
        code_of(http.post("/", content=f"insert into {table} select * from input() format CSV\n1,a\n".encode())) == "48"
    )


def test_a_statement_need_not_be_utf8(http: httpx.Client, reader: httpx.Client, query: Query, table: str) -> None:
    for client in (http, reader):
        assert client.post("/", content=b"select 'caf\xe9'").content == b"caf\xe9\n"
        assert client.post("/", content=b"select hex('\xff'), length('\xff')").text == "FF\t1\n"
    http.post("/", content=f"insert into {table} values (1, '".encode() + b"\xe9')")
    http.post("/", content=f"insert into {table} select 2, '".encode() + b"\xe9'")
    assert query(f"select number, hex(name) from {table} order by number") == "1\tE9\n2\tE9\n"
    for attack in (b"select file('\xff')", b"select * from ops.`\xff`", b"select `file\xff`('a')"):
        assert code_of(reader.post("/", content=attack)) != "0"


def test_a_dictionary_over_a_table_of_the_engine_can_be_read(query: Query, table: str, recorded: dict) -> None:
    """As dbt writes it: with the user and the password of the endpoint, which the engine does not know."""
    query(f"insert into {table} values (7, 'seven')")
    name, password = f"{table}_words", recorded["clickhouse"]["password"]
    source = f"clickhouse(user 'default' password '{password}' db 'default' table '{table.partition('.')[2]}')"
    query(
        f"create dictionary {name} (number UInt64, name String) primary key number source({source}) "
        "layout(hashed()) lifetime(min 0 max 0)"
    )
    try:
        assert query(f"select dictGet('{name}', 'name', 7::UInt64)") == "seven\n"
    finally:
        query(f"drop dictionary {name}")


def test_a_later_form_of_native_is_refused_rather_than_misread(
    http: httpx.Client, services: Services, recorded: dict
) -> None:
    asked = {"client_protocol_version": "54405"}
    refused = http.post("/", params=asked, content=b"select 1 format Native")
    assert (refused.status_code, code_of(refused)) == (501, "48")
    assert http.post("/", params=asked, content=b"select 1 format CSV").text == "1\n"
    probe = http.post("/", params=asked, content=b"SELECT 1 AS check\n FORMAT Native")
    assert probe.content.startswith(b"\x01\x01\x05check")  # version 0: a later one begins with eight bytes of its own
    assert http.post("/", params={"client_protocol_version": "0"}, content=b"select 1 format Native").status_code == 200
    engine = recorded["clickhouse"]
    client = clickhouse_connect.get_client(
        host=services.host, port=services.port, username=engine["user"], password=engine["password"]
    )
    assert client.query("select 1, 'a'::LowCardinality(String)").result_rows == [(1, "a")]


# -- before a user is known


def test_a_long_url_is_read_and_a_longer_one_is_refused(services: Services, recorded: dict) -> None:
    def get(length: int) -> tuple[int, str]:
        engine = recorded["clickhouse"]
        headers = {"X-ClickHouse-User": engine["user"], "X-ClickHouse-Key": engine["password"]}
        line = http.client.HTTPConnection(services.host, services.port, timeout=20)
        with contextlib.closing(line), contextlib.suppress(BrokenPipeError):
            line.request("GET", f"/?query=select+length('{'x' * length}')", headers=headers)
            answer = line.getresponse()
            return answer.status, answer.read().decode()

    assert get(200_000) == (200, "200000\n")
    status, text = get(3_000_000)
    assert status == 431
    assert "body of a POST" in text


@pytest.fixture
def connect(services: Services) -> Iterator[Callable[[], socket.socket]]:
    """Opens plain connections, closed at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(socket.create_connection((services.host, services.port), timeout=10))


def test_endless_headers_are_refused_before_they_fill_memory(connect: Callable, services: Services) -> None:
    before, line = megabytes_of(services.pid), connect()
    sent, answer = 0, b""
    with contextlib.suppress(ConnectionError):
        line.sendall(b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        while sent < 64 << 20:
            line.sendall(b"x-filler-%d: " % sent + b"x" * 60_000 + b"\r\n")
            sent += 60_000
    with contextlib.suppress(ConnectionError):
        answer = line.recv(200)
    assert sent < 16 << 20
    assert not answer or b" 431 " in answer
    assert megabytes_of(services.pid) - before < 30


def test_rubbish_on_the_wire_is_answered(connect: Callable) -> None:
    for rubbish in (
        b"\x16\x03\x01\x02\x00\x01",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00" * 100 + b"\r\n\r\n",
    ):
        line = connect()
        line.sendall(rubbish + b"\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 4")


def test_clients_that_only_connect_keep_no_other_out(connect: Callable, services: Services) -> None:
    for _ in range(protocol.MAX_CONNECTIONS + 100):
        connect()
    assert httpx.get(f"{services.url}/ping").text == "Ok.\n"
    files = psutil.Process(services.pid).net_connections()
    assert sum(connection.status == psutil.CONN_ESTABLISHED for connection in files) <= protocol.MAX_CONNECTIONS + 5
    with httpx.Client(base_url=services.url) as another:
        assert another.get("/ping").text == "Ok.\n"


@pytest.mark.parametrize(("start", "code"), [(b'; filename="a"', "497"), (b"", "36")])
def test_a_large_form_of_a_reader_is_refused_before_it_is_read(reader: httpx.Client, start: bytes, code: str) -> None:
    sent = [0]

    def form(megabytes: int) -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="a"' + start + b"\r\n\r\n"
        for sent[0] in range(megabytes):
            yield b"x" * (1 << 20)
        yield b"\r\n--x--\r\n"

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert code_of(reader.post("/", content=form(20), headers=kind)) == code
    with contextlib.suppress(httpx.TransportError):
        assert code_of(reader.post("/", content=form(400), headers=kind)) == code
    assert sent[0] < 200


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_a_small_body_does_not_become_a_large_one_in_memory(
    reader: httpx.Client, services: Services, coding: str
) -> None:
    """30 KB of zstd are a gigabyte of zeros, which ended the endpoint; a reader's statement may have 64 MiB."""
    encoder = zstandard.ZstdCompressor().compressobj() if coding == "zstd" else zlib.compressobj(1, wbits=31)
    body = b"".join(encoder.compress(bytes(1 << 24)) for _ in range(64 if coding == "zstd" else 16)) + encoder.flush()
    process, peak, is_over = psutil.Process(services.pid), [0.0], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.01):
            peak[0] = max(peak[0], process.memory_info().rss / 2**20)

    before, watching = megabytes_of(services.pid), threading.Thread(target=watch)
    watching.start()
    answer = reader.post("/", content=body, headers={"Content-Encoding": coding})
    is_over.set()
    watching.join()
    assert code_of(answer) == "62"
    assert peak[0] - before < 300


def test_a_request_is_counted_before_its_body_is_read(
    services: Services, recorded: dict, http: httpx.Client, reader: httpx.Client, connect: Callable
) -> None:
    """The reader asks when all forms are counted: a query of its own takes a place, and a form would find none."""
    head = (
        f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-ClickHouse-User: bi_reader\r\n"
        f"X-ClickHouse-Key: {recorded['bi_reader']['password']}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        "Content-Length: 1000\r\n\r\n--x"
    )
    for _ in range(MAX_RUNNING_QUERIES_OF_READERS):
        connect().sendall(head.encode())
    # A connection that is opened after them is read after them.
    assert httpx.post(services.url, content=b"select 1", auth=http.auth).text == "1\n"
    assert code_of(reader.post("/", content=b"select 1")) == "202"


# -- pages in a browser


def test_a_page_of_another_site_asks_nothing_with_the_users_password(http: httpx.Client, services: Services) -> None:
    """A browser that knows the password sends it with every request of any page."""
    own = {"Origin": services.url, "Sec-Fetch-Site": "same-origin"}
    assert http.post("/", content=b"select 1", headers=own).text == "1\n"
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://{services.host}:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Origin": services.url.replace("127.0.0.1", "evil.example"), "Host": "127.0.0.1"},
    ):
        for send in (http.post, http.get):
            answer = send("/", params={"query": "select 1"}, headers=headers)
            assert (answer.status_code, code_of(answer)) == (403, "497")


def test_an_answer_is_no_page_of_the_endpoint(http: httpx.Client) -> None:
    for sql in ("select '<script>alert(1)</script>' as x format HTML", "select 1", "selec"):
        answer = http.post("/", content=sql.encode())
        assert "sandbox" in answer.headers["content-security-policy"]
        assert "allow-same-origin" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
