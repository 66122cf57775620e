"""What a person reads when something goes wrong."""

import errno
import sqlite3

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from orchestration.commands import errors
from orchestration.commands.errors import CommandError, clickhouse_text, explain
from orchestration.settings import SettingsError

DRIVER_TEXT = """HTTP driver received HTTP status 404, code: 81, server response: Code: 81. DB::Exception: Database \
nope does not exist. (UNKNOWN_DATABASE) (version 26.9.2.1 (official build)) (for url http://127.0.0.1:8123)"""


def test_expected_errors_are_their_own_text_on_one_line():
    assert explain(SettingsError("A is not set.\nExport A.")) == "A is not set. Export A."
    assert explain(CommandError("No.")) == "No."


def test_clickhouse_speaks_for_itself_without_the_drivers_frame():
    sentence = explain(DatabaseError(DRIVER_TEXT))
    assert sentence.startswith(
        "ClickHouse refused: Code: 81. DB::Exception: Database nope does not exist. (UNKNOWN_DATABASE)"
    )
    assert "127.0.0.1" not in sentence


def test_a_syntax_error_does_not_list_the_whole_grammar():
    text = (
        "Code: 62. DB::Exception: Syntax error: failed at position 1 (selec). Expected one of: Query, EXPLAIN, SELECT"
    )
    assert clickhouse_text(text) == "Code: 62. DB::Exception: Syntax error: failed at position 1 (selec)."


@pytest.mark.parametrize(
    "cause",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        sqlite3.OperationalError("database or disk is full"),
        DatabaseError("Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)"),
    ],
)
def test_a_full_disk_is_named_whatever_found_it_first(cause, monkeypatch, tmp_path):
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path))
    error = RuntimeError("The run could not be recorded.")
    error.__cause__ = cause
    assert explain(error).startswith(f"The disk of {tmp_path} is full.")


@pytest.mark.parametrize(("free_bytes", "is_named"), [(1000, True), (10**9, False)])
def test_an_io_error_of_sqlite_is_a_full_disk_where_no_room_is_left(free_bytes, is_named, monkeypatch):
    monkeypatch.setattr(errors, "_free_bytes", lambda: free_bytes)
    sentence = explain(sqlite3.OperationalError("disk I/O error"))
    assert ("is full" in sentence) == is_named


def test_what_nobody_foresaw_is_called_a_fault():
    sentence = explain(KeyError("x"))
    assert sentence.startswith("Unexpected KeyError: 'x'. This is a fault of the warehouse")
    assert "\n" not in sentence
