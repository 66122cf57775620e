"""Which statements only read, and how values look in a table."""

import pytest

from orchestration.commands.sql import CELL_WIDTH, cell_text, first_word, is_read, table_of


@pytest.mark.parametrize(
    "statement",
    [
        "select 1",
        "  -- a note\n/* and\nanother */ WITH 1 as a select a",
        "(select 1)",
        "show tables",
        "selec 1",
        "FROM t",
    ],
)
def test_reading_statements(statement: str):
    assert is_read(statement)


@pytest.mark.parametrize("statement", ["insert into t select 1", "-- select\ndrop table t", "SET x = 1", "truncate(t)"])
def test_writing_statements(statement: str):
    assert not is_read(statement)


def test_the_first_word_is_found_behind_comments():
    assert first_word("/* select */ DROP table t") == "drop"


def test_cells():
    assert cell_text(None) == ""
    assert cell_text(1 / 3) == "0.333333"
    assert cell_text("[bold]") == "\\[bold]"
    assert len(cell_text("x" * 1000)) == CELL_WIDTH


def test_numbers_stand_to_the_right():
    table = table_of(["name", "share"], [("a", None), ("b", 0.5)])
    assert [column.justify for column in table.columns] == ["left", "right"]
