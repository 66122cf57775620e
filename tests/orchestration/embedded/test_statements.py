"""Finding formats, data and file access in statements."""

import time
import tracemalloc

import pytest

from orchestration.embedded import statements


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        (b"select 1 format CSV", "CSV"),
        (b"select 1 FORMAT `JSON`", "JSON"),
        (b"select 1 format JSON settings a = 1", "JSON"),
        (b"select 1", None),
        (b"select 'x format CSV'", None),
        (b"select format from t", None),
        (b"select format('{}', x) from t", None),
        (b"select (select 1 format CSV) as x", None),
        (b"select 1 -- format CSV", None),
        (b"select 1 /* format CSV */", None),
        (b"select 1\n FORMAT Native", "Native"),
        (b"select 1\n-- format CSV", None),
        (b"select 1 from t -- of a\nwhere format = 'CSV'", None),
        (b"select formatDateTime(x, '%Y')\nformat JSON settings a = 1", "JSON"),
    ],
)
def test_a_trailing_format_is_found(sql: bytes, name: str | None) -> None:
    output_format = statements.find_format(sql)
    assert (output_format[0] if output_format else None) == name


@pytest.mark.parametrize(
    ("sql", "header", "input_format", "data"),
    [
        (b"insert into t format CSV\n1,2", "insert into t ", "CSV", b"1,2"),
        (b"insert into t format CSV 1,2", "insert into t ", "CSV", b"1,2"),
        (b"INSERT INTO t (a, b) FORMAT Native\n\x00\xff", "INSERT INTO t (a, b) ", "Native", b"\x00\xff"),
        (b"insert into t (a, `values`) values (1)", "insert into t (a, `values`) ", "Values", b" (1)"),
        (b"insert into format format CSV\r\nx", "insert into format ", "CSV", b"x"),
        (b"insert into db.values values (1)", "insert into db.values ", "Values", b" (1)"),
        (b"insert into function s3('u', 'CSV') format TSV\nx", "insert into function s3('u', 'CSV') ", "TSV", b"x"),
        (b"/* why */ insert into t values", "/* why */ insert into t ", "Values", b""),
        (b"with 1 as x insert into t format TSV\n1;", "with 1 as x insert into t ", "TSV", b"1;"),
        (b"with (select 1) as x insert into t values (x);", "with (select 1) as x insert into t ", "Values", b" (x);"),
        (
            b"insert into t select * from input('a Int8') format TSV\n1",
            "insert into t select * from input('a Int8') ",
            "TSV",
            b"1",
        ),
    ],
)
def test_the_data_behind_an_insert_is_found(sql: bytes, header: str, input_format: str, data: bytes) -> None:
    insert = statements.find_inline_insert(sql)
    assert insert is not None
    assert (insert.header, insert.format, sql[insert.data_start :]) == (header.encode(), input_format, data)


@pytest.mark.parametrize(
    "sql",
    [
        b"insert into t select 1",
        b"insert into t (a) with x as (select 1) select * from x",
        b"insert into t (select 1)",
        b"insert into t",
        b"insert into `t values (1)",
        b"select 'insert into t values (1)'",
        b"with x as (select 1) insert into t select * from x",
        b"with 1 as insert select insert format TSV",
        b"with insert as (select 1) select * from insert format TSV",
        b"insert into t select input from values('input Int8', 1) settings max_threads = 1",
        b"insert into t select * from values('a Int8', 1)",
    ],
)
def test_an_insert_whose_rows_come_from_elsewhere_has_no_data(sql: bytes) -> None:
    assert statements.find_inline_insert(sql) is None


def test_settings_of_an_insert_are_kept_apart() -> None:
    insert = statements.find_inline_insert(b"insert into t (a) settings x = 1 format CSV\n1")
    assert insert is not None
    assert (insert.header, insert.settings) == (b"insert into t (a) ", b"settings x = 1 ")


def test_semicolons_and_comments_behind_a_statement_are_cut() -> None:
    assert statements.strip_end(b"select ';' ; -- done\n;") == b"select ';'"
    assert statements.strip_end(b"/* why; */ select $a$;$a$, '--' -- it\n , `;` # done") == (
        b"/* why; */ select $a$;$a$, '--' -- it\n , `;`"
    )
    assert statements.strip_end(b" ; /* nothing */") == b""


@pytest.mark.parametrize(
    "sql", [b"select 1 into outfile 'x'", b"insert into t from infile 'x'", b"select 1 INTO\nOUTFILE 'x'"]
)
def test_access_to_files_is_seen(sql: bytes) -> None:
    assert statements.has_outfile(sql)
    assert not statements.has_outfile(b"select 'into outfile'")


def test_query_ids_and_users_are_those_that_clients_know() -> None:
    columns = {"query_id": "X", "user": "Y"}
    killing = b"kill query where query_id = 'query_id' and user = 'user'"
    assert statements.rewrite_query_ids(killing, columns) == b"kill query where (X) = 'query_id' and (Y) = 'user'"
    rewritten = statements.rewrite_query_ids(b"select query_id from system.processes p", columns)
    assert rewritten == b"select query_id from (select * replace (X as query_id, Y as user) from system.processes) p"
    untouched = b"select 'from system.processes', query_id from t"
    assert statements.rewrite_query_ids(untouched, columns) == untouched


@pytest.mark.parametrize(
    ("sql", "query_id"),
    [
        ("KILL QUERY WHERE query_id = 'mine' ASYNC", "mine"),
        ("KILL QUERY WHERE query_id = 'mine' SYNC\n", "mine"),
        ("KILL QUERY WHERE query_id = 'mine' TEST", None),
        ("KILL QUERY WHERE query_id != 'mine' ASYNC", None),
        ("KILL QUERY WHERE (query_id = 'mine') OR 1 ASYNC", None),
        ("KILL QUERY WHERE query_id = 'a' OR query_id = 'b' ASYNC", None),
        ("KILL QUERY WHERE query_id = 'a\\'' ASYNC", None),
        ("KILL MUTATION WHERE query_id = 'mine' ASYNC", None),
    ],
)
def test_a_reader_may_kill_by_one_id_only(sql: str, query_id: str | None) -> None:
    assert statements.find_killed_query(sql) == query_id


@pytest.mark.parametrize(
    "opened", [b"\\'", b"`\\", b'"\\', b"/*a", b"$a$b", b"\xe2\x80\x98", b"\xe2\x80\x9c", b"''\\'", b"'a''"]
)
def test_what_is_opened_again_and_again_takes_no_longer(opened: bytes) -> None:
    """40 KB of open quotes took 19 s, during which the endpoint gave no answer."""
    sql = b"select '" + opened * 20_000
    started = time.process_time()
    for _ in statements.tokens(sql):
        pass
    statements.find_inline_insert(b"insert into t select " + sql)
    assert time.process_time() - started < 2


def test_a_long_literal_takes_little_memory() -> None:
    sql = b"select '" + b"it''s\\n" * 500_000 + b"'"
    tracemalloc.start()
    assert [token.kind for token in statements.tokens(sql)] == ["word", "quoted"]
    assert tracemalloc.get_traced_memory()[1] < 5 * len(sql)
    tracemalloc.stop()
