"""What a reader may run and what not: attacks, and what BI tools send."""

from collections.abc import Callable
from pathlib import Path

import clickhouse_connect
import httpx
import pytest
from sqlalchemy import NullPool, create_engine, inspect

from orchestration.embedded.home import Home
from orchestration.embedded.reader_lists import judged
from orchestration.embedded.services import Services

HERE = Path(__file__).parent
PARAMETERS = {
    **{"param_x": "1", "param_y": "2", "param_marts": "marts", "param_facts": "facts"},
    **{"param_database": "ops", "param_table": "system.processes", "param_system": "system"},
}
# Refusals by rule: settings, limits, privileges, files; what only an engine with more in it would know.
REFUSALS = {"164", "452", "497", "344", "46", "73", "115"}
MADE_BY_READER = Path("/tmp/made_by_reader")


def statements_of(name: str) -> list[str]:
    lines = (HERE / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def secrets_file(services: Services) -> Path:
    return Home(services.home).secrets_file


@pytest.fixture(scope="module")
def secret_words(recorded: dict) -> list[str]:
    """What no answer to a reader may hold."""
    return ["the key", "root:", "admin_password", recorded["clickhouse"]["password"], recorded["learner_id_key"]]


@pytest.fixture
def refused(
    http: httpx.Client, reader: httpx.Client, mart: str, secrets_file: Path, secret_words: list[str]
) -> Callable[..., httpx.Response]:
    """Sends a reader's request and checks that it is refused by a rule, tells nothing and changes nothing."""

    def send(statement: str, codes: set[str] = REFUSALS, **parts) -> httpx.Response:
        before = secrets_file.read_bytes()
        sql = statement.replace("SECRETS", str(secrets_file))
        answer = reader.post("/", content=sql.encode(), **parts)
        assert answer.headers.get("x-clickhouse-exception-code") in codes, answer.text
        assert not [word for word in secret_words if word in answer.text]
        assert not MADE_BY_READER.exists()
        assert secrets_file.read_bytes() == before
        assert http.post("/", content=f"select sum(number) from {mart}".encode()).text == "3\n"
        return answer

    return send


@pytest.mark.parametrize("statement", statements_of("reader_attacks.txt"))
def test_an_attack_is_refused(refused: Callable, statement: str) -> None:
    several = {"62"} if ";" in statement else set()
    refused(statement, REFUSALS | several, params=PARAMETERS)


def test_an_attack_in_a_session_is_refused(refused: Callable) -> None:
    for statement in [line for line in statements_of("reader_attacks.txt") if line.startswith("set ")]:
        refused(statement, params={"session_id": "of an attacker"})
    refused("select 1 format Template", params={"session_id": "of an attacker"})
    refused("select file('SECRETS')", params={"session_id": "of an attacker"})


@pytest.mark.parametrize("statement", statements_of("reader_queries.txt"))
def test_what_bi_tools_send_is_answered(reader: httpx.Client, mart: str, statement: str) -> None:
    answer = reader.post("/", content=statement.encode(), params=PARAMETERS | {"database": "marts"})
    assert answer.status_code == 200, answer.text


def test_long_and_deep_statements_are_judged_too(reader: httpx.Client, refused: Callable) -> None:
    numbers = ",".join(str(number) for number in range(30_000))
    assert reader.post("/", content=f"select 7 in ({numbers})".encode()).text == "1\n"
    assert reader.post("/", content=f"select {'(' * 50}1{')' * 50} + {' + '.join('1' * 60)}".encode()).text == "61\n"
    refused(f"select {'lower(' * 150}file('SECRETS'){')' * 150}")
    refused(f"select {'negate(' * 900}1{')' * 900}", {"306", "167", "46", "62"})


@pytest.mark.parametrize(
    "settings",
    [
        {"format_template_row": "SECRETS", "default_format": "Template"},
        {"format_template_row": "SECRETS"},
        {"format_schema": "SECRETS"},
        {"output_format_schema": "/tmp/made_by_reader"},
        {"format": "Template"},
        {"output_format": "Template"},
        {"allow_experimental_eval_table_function": "1"},
        {"additional_table_filters": "{'marts.facts': 'file(1)'}"},
        {"readonly": "0"},
        {"profile": "default"},
        {"compatibility": "24.1"},
        {"dialect": "prql"},
        {"max_execution_time": "100000"},
        {"max_execution_time": "0"},
        {"max_execution_time": "1e9"},
        {"max_memory_usage": "0"},
        {"max_threads": "64"},
        {"max_rows_to_read": "-1"},
        {"http_response_headers": "{'a': 'b'}"},
        {"no_such_setting": "1"},
    ],
)
@pytest.mark.parametrize("place", ["url", "form", "session"])
def test_settings_beside_the_statement_go_by_the_same_list(
    refused: Callable, reader: httpx.Client, secrets_file: Path, settings: dict, place: str
) -> None:
    asked = {name: value.replace("SECRETS", str(secrets_file)) for name, value in settings.items()}
    if place == "form":
        fields = {name: (None, value) for name, value in (asked | {"query": "select 1"}).items()}
        answer = reader.post("/", files=fields)
        assert answer.headers["x-clickhouse-exception-code"] in REFUSALS
    else:
        refused("select 1", params=asked | ({"session_id": "of an attacker"} if place == "session" else {}))


@pytest.mark.parametrize("name", ["Template", "Protobuf", "CustomSeparated", "AvroConfluent", "MySQLWire", "Regexp"])
def test_a_format_in_a_header_or_in_the_url_goes_by_the_same_list(refused: Callable, name: str) -> None:
    refused("select 1", headers={"X-ClickHouse-Format": name})
    refused("select 1", params={"default_format": name})
    refused("show tables", params={"default_format": name})


@pytest.mark.parametrize("name", [name for name, verdict in judged("formats").items() if verdict.is_allowed])
def test_an_allowed_format_needs_no_settings(reader: httpx.Client, name: str) -> None:
    column = "toInt32(1)" if name == "Npy" else "'a'"
    column = "'LINESTRING(0 0,1 1)'::String" if name == "GeoJSON" else column
    answer = reader.post("/", content=f"select {column} as x format {name}".encode())
    assert answer.status_code == 200 or name in ("GeoJSON", "Prometheus"), answer.text


@pytest.mark.parametrize("database", ["system", "ops", "information_schema", "marts`; drop table x"])
def test_a_reader_starts_in_no_other_database(refused: Callable, database: str) -> None:
    refused("select 1", REFUSALS | {"81"}, params={"database": database})
    refused("select 1", REFUSALS | {"81"}, headers={"X-ClickHouse-Database": database})


def test_a_form_of_a_reader_brings_no_tables(refused: Callable) -> None:
    for structure in ("a String", "a String default file('SECRETS')", "a Int8) engine = File(CSV, 'SECRETS'"):
        parameters = {"x_structure": structure, "query": "select * from x", "x_format": "Values"}
        refused("", params=parameters, files={"x": b"(file('/etc/passwd'))"})


def test_a_reader_sees_the_marts_and_nothing_else(reader: httpx.Client, mart: str) -> None:
    assert reader.post("/", content=b"show databases").text == "default\nmarts\n"
    databases = reader.post("/", content=b"select distinct database from system.tables order by 1").text.split()
    assert set(databases) <= {"INFORMATION_SCHEMA", "information_schema", "marts", "system"}
    assert reader.post("/", content=b"select table_schema from information_schema.tables").text == "marts\n"
    assert reader.post("/", content=b"select count() from system.columns where database = 'ops'").text == "0\n"
    assert reader.post("/", content=f"select sum(number) from {mart}".encode()).text == "3\n"
    assert reader.get("/", params={"query": "select 1"}).text == "1\n"


def test_a_reader_may_set_what_is_harmless_for_its_session(reader: httpx.Client) -> None:
    session = {"session_id": "of a careful reader"}
    assert reader.post("/", content=b"set session_timezone = 'Asia/Tokyo', max_threads = 1", params=session).text == ""
    read = b"select getSetting('session_timezone'), getSetting('max_threads')"
    assert reader.post("/", content=read, params=session).text == "Asia/Tokyo\t1\n"
    assert reader.post("/", content=read).text == "\t2\n"


def test_an_administrator_is_not_judged(http: httpx.Client, tmp_path: Path) -> None:
    row = tmp_path / "row"
    row.write_text("<${x:Raw}>")
    sql = f"select 1 as x format Template settings format_template_row = '{row}'"
    assert http.post("/", content=sql.encode()).text.strip() == "<1>"


def test_a_query_id_is_one_line_and_one_query(reader: httpx.Client) -> None:
    answer = reader.post("/", params={"query_id": "mine\nanother"}, content=b"select 1")
    assert answer.headers["x-clickhouse-exception-code"] == "36"


def test_clients_work_as_a_reader(services: Services, recorded: dict, mart: str) -> None:
    user, password = recorded["bi_reader"]["user"], recorded["bi_reader"]["password"]
    client = clickhouse_connect.get_client(
        host=services.host, port=services.port, username=user, password=password, database="marts"
    )
    limits = {"max_rows_to_read": 100, "result_overflow_mode": "break", "readonly": "2", "log_comment": "why"}
    assert client.query("select number from facts order by number", settings=limits).result_rows == [(1,), (2,)]
    assert client.query_df(f"select * from {mart}").shape == (2, 1)
    assert client.query_arrow(f"select number, 'a' as text from {mart}").num_rows == 2
    assert client.query(f"select * from {mart} where number > %(n)s", {"n": 1}).result_rows == [(2,)]
    assert client.query(f"select * from {mart} where number > {{n:UInt8}}", {"n": 1}).result_rows == [(2,)]
    assert client.query("select now()", query_tz="Europe/Prague").row_count == 1
    engine = create_engine(
        f"clickhousedb://{user}:{password}@{services.host}:{services.port}/marts", poolclass=NullPool
    )
    seen = inspect(engine)
    assert seen.get_table_names("marts") == ["facts"]
    assert [column["name"] for column in seen.get_columns("facts", "marts")] == ["number"]
    assert seen.has_table("facts", "marts")
    assert "marts" in seen.get_schema_names()
