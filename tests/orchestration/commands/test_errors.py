"""What a person reads when something goes wrong."""

from clickhouse_connect.driver.exceptions import DatabaseError

from orchestration.commands.errors import CommandError, clickhouse_text, explain
from orchestration.settings import SettingsError

DRIVER_TEXT = """HTTP driver received HTTP status 404, code: 81, server response: Code: 81. DB::Exception: Database \
nope does not exist. (UNKNOWN_DATABASE) (version 26.9.2.1 (official build)) (for url http://127.0.0.1:8123)"""


def test_expected_errors_are_their_own_text_on_one_line():
    assert explain(SettingsError("A is not set.\nExport A.")) == "A is not set. Export A."
    assert explain(CommandError("No.")) == "No."


def test_clickhouse_speaks_for_itself_without_the_drivers_frame():
    found = explain(DatabaseError(DRIVER_TEXT))
    assert found.startswith(
        "ClickHouse refused: Code: 81. DB::Exception: Database nope does not exist. (UNKNOWN_DATABASE)"
    )
    assert "127.0.0.1" not in found


def test_a_syntax_error_does_not_list_the_whole_grammar():
    text = (
        "Code: 62. DB::Exception: Syntax error: failed at position 1 (selec). Expected one of: Query, EXPLAIN, SELECT"
    )
    assert clickhouse_text(text) == "Code: 62. DB::Exception: Syntax error: failed at position 1 (selec)."


def test_what_nobody_foresaw_is_called_a_fault():
    found = explain(KeyError("x"))
    assert found.startswith("Unexpected KeyError: 'x'. This is a fault of the warehouse")
    assert "\n" not in found
