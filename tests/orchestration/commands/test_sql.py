"""Which statements only read."""

import pytest

from orchestration.commands.sql import first_word, is_read


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
